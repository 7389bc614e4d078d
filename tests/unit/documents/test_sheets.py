from __future__ import annotations

import re
import stat
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.values import Value
from huoban_perf.documents.printing import find_browser
from huoban_perf.documents.sheets import SheetFiles, SheetRequest, collect_sheets, write_sheets
from huoban_perf.documents.sheets.model import Sheet
from huoban_perf.documents.sheets.page import exact, scale_of, sheet_page
from huoban_perf.documents.sheets.receipt import parse_receipt
from huoban_perf.sync.app import DeployedApp
from huoban_perf.template import compile_schema, load_template
from tests.unit.documents.browser import MISSING, PROGRAM
from tests.unit.documents.released import forms, put, released_office, scored_office
from tests.unit.sync.company import CYCLE, Office
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory

NUMBER = "E036"
PERSON = f"[{CYCLE}|{NUMBER}]"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return released_office(tmp_path / "runs")


def sheet_of(office: Office, number: str = NUMBER, **asked: bool) -> Sheet:
    (sheet,) = collect_sheets(office.app, SheetRequest(cycle=CYCLE, numbers=(number,), **asked)).sheets
    return sheet


def words(page: str) -> str:
    """What a reader reads, without style and markup."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body)))


def test_the_lines_of_a_sheet_add_up_to_the_released_score(office: Office) -> None:
    sheet = sheet_of(office)
    parts = [line for line in sheet.lines if line.level == 1]
    assert [line.label for line in parts] == ["业绩", "360评价"]
    total = sum((line.points or Decimal(0) for line in parts), Decimal(0))
    assert total.quantize(Decimal("0.01")) == sheet.score == office.row("appraisal", PERSON)["released_score"]
    for place, part in enumerate(sheet.lines):
        below = []
        for line in sheet.lines[place + 1 :]:
            if line.level <= part.level:
                break
            below.append(line)
        inner = [line.points or Decimal(0) for line in below if line.level == part.level + 1]
        assert not inner or sum(inner, Decimal(0)) == part.points


def test_a_page_says_result_reasons_and_how_to_appeal_until_when(office: Office) -> None:
    office.row("cycle", CYCLE)["appeal_due_on"] = date(2026, 7, 9)
    page = sheet_page(sheet_of(office))
    said = words(page)
    for part in ("87.98, 等级 A", "里程碑按期率", "同一层各行相加", "提交申诉", "2026-07-09 当天为止", "由刘晓东审定"):
        assert part in said
    assert "watermark" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_an_appeal_that_is_over_is_said_to_be_over(office: Office) -> None:
    office.row("cycle", CYCLE)["appeal_due_on"] = date(2026, 7, 9)
    office.clock.moment = datetime(2026, 7, 9, 15, 59, tzinfo=UTC)
    assert sheet_of(office).appeal_days_left == 1
    office.clock.moment = datetime(2026, 7, 9, 16, 1, tzinfo=UTC)
    sheet = sheet_of(office)
    assert sheet.appeal_days_left == 0
    assert "申诉已于 2026-07-09 截止" in words(sheet_page(sheet))


def test_who_has_confirmed_or_is_too_late_is_not_asked_again(office: Office) -> None:
    office.row("cycle", CYCLE)["confirm_due_on"] = date(2026, 7, 9)
    assert sheet_of(office).confirm_until == date(2026, 7, 9)
    office.row("appraisal", PERSON)["status"] = "completed"
    assert sheet_of(office).confirm_until is None
    office.row("appraisal", PERSON)["status"] = "awaiting_confirmation"
    office.clock.moment = datetime(2026, 7, 10, tzinfo=UTC)
    assert sheet_of(office).confirm_until is None


def test_nobody_rated_means_no_such_part(office: Office) -> None:
    for relation in ("self", "superior", "peer"):
        for form in forms(office, PERSON, relation):
            form["status"] = "expired"
    assert "各方评价" not in words(sheet_page(sheet_of(office)))


def test_a_result_that_is_not_released_has_no_sheet(tmp_path: Path) -> None:
    office = scored_office(tmp_path)
    with pytest.raises(HuobanPerfError) as caught:
        sheet_of(office)
    assert caught.value.code == "documents.sheet_none"
    assert "87.98" not in str(caught.value.facts)


def test_a_preview_is_watermarked_on_every_page(tmp_path: Path) -> None:
    sheet = sheet_of(scored_office(tmp_path), preview=True)
    page = sheet_page(sheet)
    assert sheet.is_preview
    assert (sheet.score, sheet.grade, sheet.released_on) == (Decimal("87.98"), "A", None)
    assert "预览 · 未公布 · 不得转发" in page
    assert "position: fixed" in page  # repeated by browsers on each printed page
    assert "提交申诉" not in page


def test_nobody_previews_their_own_result(tmp_path: Path, office: Office) -> None:
    scored = scored_office(tmp_path)
    found = collect_sheets(scored.app, SheetRequest(cycle=CYCLE, preview=True, viewer=NUMBER))
    assert (len(found.sheets), NUMBER in {sheet.number for sheet in found.sheets}) == (57, False)
    released = collect_sheets(office.app, SheetRequest(cycle=CYCLE, numbers=(NUMBER,), viewer=NUMBER))
    assert len(released.sheets) == 1


def test_a_preview_of_released_results_is_the_released_sheet(office: Office) -> None:
    assert sheet_of(office, preview=True) == sheet_of(office)


def test_who_takes_no_part_has_no_sheet_and_is_counted(office: Office) -> None:
    found = collect_sheets(office.app, SheetRequest(cycle=CYCLE))
    assert (len(found.sheets), found.unreleased, found.left_out) == (58, 0, 2)
    assert [sheet.number for sheet in found.sheets] == sorted(sheet.number for sheet in found.sheets)


def test_a_department_has_its_own_people_and_those_below_it(office: Office) -> None:
    found = collect_sheets(office.app, SheetRequest(cycle=CYCLE, department="研发部")).sheets
    assert found
    assert {sheet.department for sheet in found} == {"研发部"}
    with pytest.raises(HuobanPerfError) as caught:
        collect_sheets(office.app, SheetRequest(cycle=CYCLE, department="火星部"))
    assert "研发部" in str(caught.value.facts["known"])


def test_all_unknown_numbers_are_listed_at_once(office: Office) -> None:
    with pytest.raises(HuobanPerfError) as caught:
        collect_sheets(office.app, SheetRequest(cycle=CYCLE, numbers=("E036", "X1", "X2")))
    assert [problem.facts["number"] for problem in caught.value.problems] == ["X1", "X2"]


def test_no_such_cycle_lists_those_there_are(office: Office) -> None:
    with pytest.raises(HuobanPerfError) as caught:
        collect_sheets(office.app, SheetRequest(cycle="2030Q1"))
    assert caught.value.facts["known"] == (CYCLE,)


def test_free_texts_are_shown_at_the_threshold_without_who_and_when(office: Office) -> None:
    peers = forms(office, PERSON, "peer")
    assert len(peers) == 3
    for place, form in enumerate(peers):
        form["overall_comment"] = f"意见{place}"
    (peer,) = [voice for voice in sheet_of(office).voices if voice.group == "同事"]
    assert sorted(peer.comments) == ["意见0", "意见1", "意见2"]
    shown = words(sheet_page(sheet_of(office)))
    raters = {str(member) for form in peers for member in form["rater"]}  # type: ignore[union-attr]
    people = office.memory.items["employee"].values()
    names = {str(row["name"]) for _, row in people if set(row.get("account") or ()) & raters}  # type: ignore[arg-type]
    assert len(names) == 3
    assert not [name for name in names | raters if name in shown]
    assert "17:30" not in shown


def test_the_order_of_texts_does_not_follow_the_order_of_forms(office: Office) -> None:
    texts = [f"说法{place}" for place in range(3)]
    for form, text in zip(forms(office, PERSON, "peer"), texts, strict=True):
        form["overall_comment"] = text
    once = next(voice for voice in sheet_of(office).voices if voice.group == "同事").comments
    for form, text in zip(forms(office, PERSON, "peer"), reversed(texts), strict=True):
        form["overall_comment"] = text
    assert next(voice for voice in sheet_of(office).voices if voice.group == "同事").comments == once


def test_a_group_below_its_threshold_shows_nothing_at_all(office: Office) -> None:
    peers = forms(office, PERSON, "peer")
    peers[0]["review_score"] = None
    for form in peers:
        form["overall_comment"] = "只有我会这么说"
    sheet = sheet_of(office)
    (peer,) = [voice for voice in sheet.voices if voice.group == "同事"]
    assert (peer.mean, peer.criteria, peer.comments, peer.raters) == (None, (), (), 0)
    assert "只有我会这么说" not in sheet_page(sheet)
    assert "人数不足 3 人" in peer.hidden
    assert not [line for line in (*sheet.growth.strengths, *sheet.growth.weaknesses) if "同事" in line]


def test_a_group_that_the_result_hides_is_hidden_however_many_rated(office: Office) -> None:
    office.row("score_result", PERSON)["peer_score"] = None
    forms(office, PERSON, "peer")[0]["overall_comment"] = "藏起来"
    assert "藏起来" not in sheet_page(sheet_of(office))


def test_one_criterion_with_too_few_answers_hides_all_criteria_of_its_group(office: Office) -> None:
    before = next(voice for voice in sheet_of(office).voices if voice.group == "同事")
    assert [name for name, _ in before.criteria] == ["专业能力", "协作配合", "主动担当"]
    forms(office, PERSON, "peer")[0]["ownership"] = "unknown"
    after = next(voice for voice in sheet_of(office).voices if voice.group == "同事")
    assert after.criteria == ()
    assert after.mean == before.mean


def test_only_the_superiors_evidence_for_extremes_is_passed_on(office: Office) -> None:
    forms(office, PERSON, "superior")[0]["extreme_evidence"] = "三次延期都有记录"
    forms(office, PERSON, "peer")[0]["extreme_evidence"] = "同事写的依据"
    page = sheet_page(sheet_of(office))
    assert "三次延期都有记录" in page
    assert "同事写的依据" not in page


@pytest.mark.parametrize(("status", "is_shown"), [("scheduled", False), ("awaiting_signature", True), ("signed", True)])
def test_the_minutes_of_a_talk_are_shown_once_the_person_reads_them(
    office: Office, status: str, is_shown: bool
) -> None:
    put(
        office,
        "interview",
        natural_key=f"[{CYCLE}|{NUMBER}|1]",
        status=status,
        appraisal=(office.item("appraisal", PERSON),),
        strengths="带出两名新人",
        weaknesses="排期偏乐观",
        agreements="Q4 把缺陷数降到 1",
    )
    growth = sheet_of(office).growth
    assert (growth.strengths == ("带出两名新人",)) is is_shown
    assert (growth.next_goals == ("Q4 把缺陷数降到 1",)) is is_shown
    assert growth.is_from_talk is is_shown


def test_a_draft_improvement_plan_is_not_shown(office: Office) -> None:
    office.row("appraisal", PERSON)
    for status in ("draft", "awaiting_confirmation"):
        put(
            office,
            "improvement",
            natural_key=f"[{NUMBER}|{status}]",
            status=status,
            appraisal=(office.item("appraisal", PERSON),),
            objective="草稿里的目标",
            support="草稿里的支持",
        )
    assert "草稿里的" not in sheet_page(sheet_of(office))


def test_a_calibrated_grade_is_told_from_the_grade_of_the_score(office: Office) -> None:
    row = office.row("appraisal", PERSON)
    row["released_grade"] = "b"
    row["released_receipt"] = f"{row['released_receipt']}\n校准: 部门对齐"
    sheet = sheet_of(office)
    assert (sheet.grade, sheet.first_grade) == ("B", "A")
    assert "按得分是 A 级, 经校准定为 B 级" in words(sheet_page(sheet))
    assert "校准: 部门对齐" in words(sheet_page(sheet))


def test_nothing_of_rank_coefficient_or_pay_is_on_a_sheet(office: Office) -> None:
    put(office, "outcome", natural_key="[x]", appraisal=(office.item("appraisal", PERSON),), amount=Decimal(53441))
    said = words(sheet_page(sheet_of(office)))
    for word in ("名次", "排名", "百分位", "系数", "53441", "奖金"):
        assert word not in said


def test_script_in_any_field_is_text(office: Office) -> None:
    bad = "<script>alert(1)</script>"
    office.row("employee", NUMBER)["name"] = bad
    forms(office, PERSON, "superior")[0]["overall_comment"] = bad
    office.row("appraisal", PERSON)["released_receipt"] = f"结果 1.00 · 等级 A\n  {bad} 1.000000  ({bad})\n{bad}"
    page = sheet_page(sheet_of(office))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


def test_files_are_named_by_number_unless_names_are_asked_for(office: Office, tmp_path: Path) -> None:
    sheet = sheet_of(office)
    (plain,) = write_sheets([sheet], tmp_path / "out", files=SheetFiles())
    (named,) = write_sheets([sheet], tmp_path / "out", files=SheetFiles(with_names=True))
    assert (plain.name, named.name) == (f"{CYCLE}-E036.html", f"{CYCLE}-E036-梁磊.html")
    assert stat.S_IMODE(plain.stat().st_mode) == 0o600
    assert stat.S_IMODE(plain.parent.stat().st_mode) == 0o700
    odd = replace(sheet, cycle="../2026/Q3", number="a:b", is_preview=True)
    (safe,) = write_sheets([odd], tmp_path / "out", files=SheetFiles())
    assert safe.parent == tmp_path / "out"
    assert safe.name == "_2026_Q3-a_b-预览.html"


def test_the_same_sheet_gives_the_same_page(office: Office) -> None:
    assert sheet_page(sheet_of(office)) == sheet_page(sheet_of(office))


def test_a_receipt_line_of_another_form_is_kept_whole() -> None:
    lines, notes = parse_receipt("结果 1\n  业绩 −  (x)\n  净增 (新) 客户 1.500000  (目标 2 (含旧))\n校准: 好")
    assert [(line.label, line.points, line.detail) for line in lines] == [
        ("业绩 −", None, "x"),
        ("净增 (新) 客户", Decimal("1.500000"), "目标 2 (含旧)"),
    ]
    assert notes == ("校准: 好",)


def test_no_digit_of_a_figure_is_lost_in_print() -> None:
    assert exact("得分 101.606885246 × 70") == "得分 101.60<small>6885246</small> × 70"


def test_the_scale_keeps_every_grade_in_order_and_the_needle_inside(office: Office) -> None:
    sheet = sheet_of(office)
    segments, at = scale_of(sheet)
    assert [segment.name for segment in segments] == ["D", "C", "B", "A", "S"]
    own = next(segment for segment in segments if segment.is_own)
    assert own.start <= at <= own.start + own.width
    for score in (Decimal(0), Decimal(200)):
        assert 0 <= scale_of(replace(sheet, score=score))[1] <= 1000
    assert scale_of(replace(sheet, bands=()))[0] == ()


def test_a_missing_browser_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HuobanPerfError) as caught:
        find_browser()
    assert caught.value.code == "documents.no_browser"


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_a_sheet_prints_on_one_a4_page(office: Office, tmp_path: Path) -> None:
    for form, text in zip(forms(office, PERSON, "peer"), ("沟通及时", "愿意带新人", "评审再细一点"), strict=True):
        form["overall_comment"] = text
    files = write_sheets([sheet_of(office)], tmp_path / "out", files=SheetFiles(form="both"))
    assert [file.suffix for file in files] == [".html", ".pdf"]
    content = files[1].read_bytes()
    assert content.startswith(b"%PDF")
    assert re.findall(rb"/Type\s*/Page\b(?!s)", content) == [b"/Type /Page"]
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12]", content)


def test_the_small_app_has_sheets_too(tmp_path: Path) -> None:
    schema = compile_schema(load_template("performance-lite"))
    memory = Memory()

    def put(table: str, **values: Value) -> ItemId:
        return memory.put(schema.table(table), values)

    def made(name: str) -> str:
        options = schema.table("employee").field(name).options
        return options[0].address.key

    person = put("employee", emp_no="E001", name="王芳", department_name=made("department_name"))
    cycle = put("cycle", name="2026Q4", status="feedback", appeal_due_on=date(2026, 7, 22))
    sheet = put(
        "appraisal",
        natural_key="[2026Q4|E001]",
        status="awaiting_confirmation",
        employee=(person,),
        cycle=(cycle,),
        released_score=Decimal("88.50"),
        released_grade="a",
        released_receipt="结果 88.50 · 等级 A\n  业绩 88.500000  (一项)",
        strengths_weaknesses="话术整理得好\n跟进要更快",
        agreements="新签 12 家",
    )
    put("review_task", natural_key="[2026Q4|E001|peer|E002]", relation="peer", status="submitted", appraisal=(sheet,))
    app = DeployedApp(connection=memory.connection(), schema=schema, bindings=NO_BINDINGS, clock=Clock())
    (found,) = collect_sheets(app, SheetRequest(cycle="2026Q4")).sheets
    assert (found.name, found.grade, found.voices, found.bands) == ("王芳", "A", (), ())
    assert found.growth.strengths == ("话术整理得好", "跟进要更快")
    assert found.growth.next_goals == ("新签 12 家",)
    said = words(sheet_page(found))
    assert "2026-07-22 当天为止" in said
    assert "各方评价" not in said


def test_a_browser_that_fails_is_one_clear_error(office: Office, tmp_path: Path) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    files = SheetFiles(form="pdf", browser=broken)
    with pytest.raises(HuobanPerfError) as caught:
        write_sheets([sheet_of(office)], tmp_path / "out", files=files)
    assert (caught.value.code, caught.value.facts["reason"]) == ("documents.browser_failed", "no display")
    assert list((tmp_path / "out").iterdir()) == []
    broken.chmod(0o600)
    broken.write_bytes(b"no program")
    with pytest.raises(HuobanPerfError) as caught:
        write_sheets([sheet_of(office)], tmp_path / "out", files=files)
    assert caught.value.code == "documents.browser_failed"


def test_a_folder_that_cannot_be_written_is_one_clear_error(office: Office, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(HuobanPerfError) as caught:
        write_sheets([sheet_of(office)], tmp_path / "file" / "out", files=SheetFiles())
    assert caught.value.code == "documents.not_writable"
