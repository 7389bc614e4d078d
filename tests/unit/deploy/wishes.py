"""Small wishes for the deploy tests: a company of three tables that point at each other in a circle."""

from __future__ import annotations

from dataclasses import replace

from huoban_perf.core.addresses import field_address, option_address, table_address
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, OptionSpec, TableSpec, Writer


def make_field(table: str, key: str, zh: str, kind: FieldKind = FieldKind.TEXT, **more: object) -> FieldSpec:
    spec = FieldSpec(address=field_address(table, key), labels=Labels(zh, key.replace("_", " ")), kind=kind)
    return replace(spec, **more)  # type: ignore[arg-type]  # keyword arguments of FieldSpec


def make_option(table: str, field: str, key: str, zh: str, color: str | None = None) -> OptionSpec:
    return OptionSpec(address=option_address(table, field, key), labels=Labels(zh, key), color=color)


def make_table(key: str, zh: str, *fields: FieldSpec, group: Labels | None = None) -> TableSpec:
    title = fields[0].address.key if fields else ""
    return TableSpec(address=table_address(key), labels=Labels(zh, key), fields=fields, title=title, group=group)


def make_schema(*tables: TableSpec, version: str = "1") -> DesiredSchema:
    content = digest({table.key: table for table in tables})
    return DesiredSchema(app="little", version=version, tables=tables, digest=content)


def company() -> DesiredSchema:
    """部门 ⇄ 员工, 目标 → 员工, with every sort of field that behaves in a way of its own."""
    return make_schema(
        make_table(
            "department",
            "部门",
            make_field("department", "name", "部门名称", required=True),
            make_field("department", "code", "部门编码", required=True, unique=True),
            make_field("department", "head", "负责人", FieldKind.RELATION, target=table_address("employee")),
            group=Labels("组织", "Organisation"),
        ),
        make_table(
            "employee",
            "员工",
            make_field("employee", "name", "姓名", required=True),
            make_field("employee", "account", "账号", FieldKind.MEMBER, help=Labels("工作区账号", "Account")),
            make_field(
                "employee",
                "status",
                "在职状态",
                FieldKind.CHOICE,
                required=True,
                options=(
                    make_option("employee", "status", "active", "在职", "green"),
                    make_option("employee", "status", "left", "离职", "grey"),
                ),
            ),
            make_field("employee", "department", "所属部门", FieldKind.RELATION, target=table_address("department")),
            make_field("employee", "department_code", "部门编码", FieldKind.ATTACHED),
        ),
        make_table(
            "goal",
            "目标",
            make_field("goal", "name", "目标名称", FieldKind.TEXT_LONG),
            make_field("goal", "owner", "负责人", FieldKind.RELATION, target=table_address("employee"), many=True),
            make_field("goal", "weight", "权重", FieldKind.NUMBER, decimals=2),
            make_field("goal", "score", "得分", FieldKind.FORMULA, writer=Writer.PLATFORM),
            make_field("goal", "number", "编号", FieldKind.AUTO_NUMBER),
            make_field("goal", "batch", "批次", writer=Writer.JOB),
        ),
    )
