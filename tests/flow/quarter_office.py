"""A company in the middle of everything: one row for each thing that somebody has to do in a quarter."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from huoban_perf.core.rules import Moment, holds
from huoban_perf.core.values import CHINA
from tests.flow.deployed import Deployed

CYCLE = "2026Q4"
STAFF, PEER, NEW = "员工王芳", "同事李雷", "新人韩梅"
LEAD, FORMER, HEAD = "上级张强", "原上级郑凯", "负责人赵敏"
HR, PAYROLL, CHIEF, OWNER, HANDLER, ADMIN = "HR刘洋", "薪酬HR陈静", "高管周正", "数据员孙宁", "复核人何洁", "管理员吴斌"
PEOPLE = (STAFF, PEER, NEW, LEAD, FORMER, HEAD, HR, PAYROLL, CHIEF, OWNER, HANDLER, ADMIN)
GROUPS = {HR: "hr", PAYROLL: "payroll", CHIEF: "executive", ADMIN: "admin"}
ROLES: dict[str, tuple[str, ...]] = {
    STAFF: ("employee", "rater"),
    PEER: ("employee", "rater"),
    LEAD: ("employee", "manager", "rater"),
    FORMER: ("employee", "manager"),
    HEAD: ("employee", "manager", "head", "committee"),
    HR: ("employee", "hr"),
    PAYROLL: ("employee", "payroll"),
    CHIEF: ("employee", "executive"),
    OWNER: ("employee", "data_owner"),
    HANDLER: ("employee", "handler"),
    ADMIN: ("employee", "admin"),
}


class Office(Deployed):
    """The full app with its people and one row a task."""

    def __init__(self, folder: Path) -> None:
        super().__init__("performance", folder, people=PEOPLE, groups=GROUPS)
        self.settle()
        self.items: dict[str, str] = {}
        self._organisation()
        self._cycle()
        self._work()
        self._results()
        self.run("access-sync")

    def make(self, name: str, table: str, /, **values: Any) -> None:
        """Put a row there as the program does, known by a name."""
        self.items[name] = self.put(None, table, **values)

    def _organisation(self) -> None:
        self.make("company", "department", name="公司", code="D00", active=True, head=CHIEF)
        above = (self.items["company"],)
        self.make("sales", "department", name="销售部", code="D10", active=True, head=HEAD, parent=above)
        self.make("scheme", "scheme", natural_key="[标准|1]", status="active", name="标准", version="1", kpi_weight=70)
        scheme = (self.items["scheme"],)
        self.make("peers", "rater_group", natural_key="[标准|1|peer]", scheme=scheme, relation="peer", weight=30)
        self.make(
            "band", "grade_band", natural_key="[标准|1|a]", scheme=scheme, grade="a", lower_bound=85, cap_percent=20
        )
        common = {"status": "active", "family": "sales", "default_scheme": scheme}
        self.make("position", "position", code="P1", name="销售", **common)
        self.make("metric", "metric", status="active", code="M01", name="回款", direction="higher", method="linear")
        bosses = ((CHIEF, None), (HEAD, CHIEF), (LEAD, HEAD), (FORMER, HEAD), (STAFF, LEAD), (PEER, LEAD))
        others = ((HR, CHIEF), (PAYROLL, CHIEF), (OWNER, CHIEF), (HANDLER, CHIEF), (ADMIN, CHIEF))
        for number, (name, boss) in enumerate((*bosses, *others), start=1):
            manager = {"manager": (self.items[boss],)} if boss is not None else {}
            self.make(
                name,
                "employee",
                employment_status="active",
                emp_no=f"E{number:03}",
                name=name,
                account=name,
                department=(self.items["sales"],),
                position=(self.items["position"],),
                hire_date=date(2024, 1, 1),
                participation="included",
                **manager,
            )
        self.make(NEW, "employee", employment_status="active", emp_no="E099", name=NEW, participation="included")
        self.make(
            "transfer",
            "assignment",
            natural_key="[E005|2026-11-15]",
            employee=(self.items[STAFF],),
            department=(self.items["sales"],),
            manager=(self.items[LEAD],),
            start_date=date(2026, 11, 15),
            reason="transfer",
        )
        self.make("base", "hr_private", natural_key="[E005|2026-01-01]", employee=(self.items[STAFF],), bonus_base=9000)

    def _cycle(self) -> None:
        self.make(
            "cycle",
            "cycle",
            name=CYCLE,
            status="goal_setting",
            kind="quarter",
            schemes=(self.items["scheme"],),
            start_date=date(2026, 9, 1),
            end_date=date(2026, 12, 31),
            appeal_due_on=date(2026, 12, 31),
            review_due_on=date(2026, 12, 31),
            decider=CHIEF,
            announced_on=datetime(2026, 9, 1, 9, tzinfo=CHINA).isoformat()[:19].replace("T", " "),
        )
        for name in (STAFF, PEER, LEAD, HEAD, HR):
            self.make(
                f"sheet {name}",
                "appraisal",
                natural_key=f"[{CYCLE}|{name}]",
                name=f"{name} {CYCLE}",
                status="goal_setting",
                subject_kind="person",
                employee=(self.items[name],),
                department=(self.items["sales"],),
                cycle=(self.items["cycle"],),
                scheme=(self.items["scheme"],),
            )
            self._goal(name)

    def _goal(self, name: str) -> None:
        self.make(
            f"goal {name}",
            "goal",
            natural_key=f"[{CYCLE}|{name}|1]",
            status="draft",
            name=f"{name}的回款",
            level="person",
            kind="quantitative",
            employee=(self.items[name],),
            cycle=(self.items["cycle"],),
            appraisal=(self.items[f"sheet {name}"],),
            metric=(self.items["metric"],),
            passing_value=60,
            target_value=100,
            excellent_value=120,
            weight=100,
            evidence="去年 90",
            start_date=date(2026, 9, 1),
            end_date=date(2026, 12, 31),
            health="behind",
        )

    def _work(self) -> None:
        sheet, staff = (self.items[f"sheet {STAFF}"],), (self.items[STAFF],)
        self.make("strategy", "strategy", natural_key="[2026|s1]", status="active", name="提高华东份额", owner=CHIEF)
        self.make(
            "figure",
            "metric_actual",
            natural_key="[M01|E005|2026-09-01]",
            name="回款 9月",
            status="to_fill",
            metric=(self.items["metric"],),
            employee=staff,
            period_start=date(2026, 9, 1),
            period_end=date(2026, 9, 30),
            data_owner=OWNER,
        )
        for kind, author, seen in (("recognition", LEAD, "subject"), ("correction", LEAD, "superior")):
            self.make(
                f"log {kind}",
                "log",
                natural_key=f"[E005|{kind}]",
                kind=kind,
                employee=staff,
                author=author,
                date=date(2026, 9, 1),
                content="客户来信致谢",
                visibility=seen,
            )
        tasks = (
            ("self", STAFF, "to_review"),
            ("superior", LEAD, "to_review"),
            ("peer", PEER, "to_review"),
            ("subordinate", PEER, "nomination_pending"),
        )
        for relation, rater, status in tasks:
            self.make(
                f"task {relation}",
                "review_task",
                natural_key=f"[{CYCLE}|{STAFF}|{relation}]",
                name=f"{STAFF} · {relation}",
                status=status,
                appraisal=sheet,
                relation=relation,
                rater=rater,
                due_on=date(2026, 8, 1),
            )
        self.make(
            "item",
            "appraisal_item",
            natural_key=f"[{CYCLE}|{STAFF}|KPI|M01]",
            name="回款",
            appraisal=sheet,
            weight=100,
            origin="position_standard",
        )

    def _results(self) -> None:
        for name, status in ((STAFF, "scored"), (PEER, "held"), (HEAD, "scored"), (HR, "held"), (LEAD, "calibrated")):
            self.make(
                f"result {name}",
                "score_result",
                natural_key=f"[{CYCLE}|{name}]",
                name=f"{name} {CYCLE}",
                status=status,
                appraisal=(self.items[f"sheet {name}"],),
                raw_score=86.5,
                initial_grade="a",
                missing_notes="缺 12 月回款" if status == "held" else None,
            )
        sheet, staff = (self.items[f"sheet {STAFF}"],), (self.items[STAFF],)
        self.make(
            "interview",
            "interview",
            natural_key=f"[{CYCLE}|{STAFF}|1]",
            name=f"{STAFF} 面谈",
            status="to_schedule",
            appraisal=sheet,
            interviewer=LEAD,
            employee=staff,
            outline="先说回款, 再说协作",
        )
        self.make(
            "appeal",
            "appeal",
            natural_key=f"[{CYCLE}|{STAFF}|1]",
            status="reviewing",
            appraisal=sheet,
            appellant=STAFF,
            matter="data",
            reason="12 月少记一笔",
            handler=HANDLER,
            decide_by=date(2026, 9, 20),
        )
        self.make("pool", "bonus_pool", natural_key=f"[{CYCLE}|all]", cycle=(self.items["cycle"],), amount=90000)
        self.make(
            "bonus",
            "outcome",
            natural_key=f"[{CYCLE}|{STAFF}|bonus]",
            status="draft",
            appraisal=sheet,
            employee=staff,
            cycle=(self.items["cycle"],),
            kind="bonus",
            amount=9000,
        )
        self.make("idea", "survey", kind="suggestion", status="to_read", stage="goal", suggestion="目标半年定一次")
        self.make("run", "run_log", command="job run score", batch="r1", exit_code=6, failure_count=1, summary="缺数据")

    # --- what a person finds ------------------------------------------------------------------------------------------

    def shown(self, who: str, view: str) -> set[str]:
        """Items that a person finds in a view: what the rights let through and the view's own filter keeps."""
        table, key = view.split(".")
        spec = next(one for one in self.schema.views if one.address.keys == (table, key))
        rows, seen = self.rows(table), self.visible(who, table)
        moment = Moment(today=self.clock.now().astimezone(CHINA).date(), me=self.people[who])
        return {item for item in seen if holds(spec.rows, rows[item], moment=moment)}

    def hidden_fields(self, who: str, view: str) -> set[str]:
        """Fields of a view that the person's rights hide."""
        table, key = view.split(".")
        spec = next(one for one in self.schema.views if one.address.keys == (table, key))
        observed = self.connection(self.keys[who]).schema_source.observe(workspace=self.space)
        known = {field.field_id for found in observed.tables for field in found.fields}
        return {str(field) for field in spec.fields if self.bindings[field] not in known}
