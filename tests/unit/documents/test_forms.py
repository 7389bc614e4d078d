"""Page and Markdown: complete, equal, closed to the outside, and deaf to what names try."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.documents import Guide, Place
from huoban_perf.documents.guide import Task
from huoban_perf.documents.markdown import code, guide_markdown, prose
from huoban_perf.documents.page import guide_page
from huoban_perf.documents.wording import IN_WORKBOOK, after, before
from tests.unit.deploy.wishes import company
from tests.unit.documents.reading import Page, Read, markdown_tasks, uncode, unprose
from tests.unit.documents.wishes import FORMULA, MARKUP, QUOTES, SCRIPT, app, hostile, whole

SCHEMAS = pytest.mark.parametrize("desired", [app(), company(), hostile()], ids=["app", "circle", "hostile"])


def as_read(task: Task) -> Read:
    return Read(
        name=task.name,
        does=task.does,
        kind=task.kind,
        flags=[*task.marks, *([IN_WORKBOOK] if task.is_in_workbook else [])],
        settings=list(task.settings),
        choices=[choice.name for choice in task.choices],
        help=task.help,
    )


def tasks_of(guide: Guide) -> list[Read]:
    return [as_read(task) for task in guide.tasks()]


@SCHEMAS
def test_page_says_all_that_the_guide_holds(desired: DesiredSchema) -> None:
    guide = whole(desired)
    page = Page(guide_page(guide))
    assert page.tasks == tasks_of(guide)
    assert [heading for heading in page.headings if re.match(r"\d+\. ", heading)] == [
        f"{section.number}. {section.title}" for section in guide.sections
    ]
    assert page.attributes("data-key") == [task.key for task in guide.tasks()]
    assert [int(seconds) for seconds in page.attributes("data-seconds")] == [task.seconds for task in guide.tasks()]


@SCHEMAS
def test_markdown_says_the_same_as_the_page(desired: DesiredSchema) -> None:
    guide = whole(desired)
    page, markdown = Page(guide_page(guide)), guide_markdown(guide)
    assert markdown_tasks(markdown) == page.tasks
    shown = [unprose(line.lstrip("#").strip()) for line in markdown.split("\n") if line.startswith("#")]
    assert shown == [heading for heading in page.headings if heading != "目录"]
    for point in (*before(guide), *after()):
        assert point in page.text
        assert point in unprose(markdown)


@SCHEMAS
def test_page_refers_to_nothing_outside_itself(desired: DesiredSchema) -> None:
    page = Page(guide_page(whole(desired)))
    assert set(page.attributes("href")) <= {"data:,", *(f"#{name}" for name in page.attributes("id"))}
    assert page.attributes("src") == page.attributes("style") == page.attributes("srcset") == []
    assert not [
        tag for tag, found in page.tags if any(name.startswith("on") for name in found) or tag in {"img", "iframe"}
    ]
    assert not re.search(r"url\(|@import|https?:", "".join(page.styles + page.scripts))


def test_policy_allows_the_pages_own_style_and_script_only() -> None:
    page = Page(guide_page(whole(hostile())))
    (policy,) = [found["content"] for tag, found in page.tags if found.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert len(page.scripts) == len(page.styles) == 1
    for text in (*page.scripts, *page.styles):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_names_that_look_like_markup_stay_text() -> None:
    source = guide_page(whole(hostile(), place=Place(workspace='1"><script>', name=SCRIPT)))
    page = Page(source)
    assert source.count("<script>") == 1
    assert SCRIPT not in source
    assert "<img" not in source
    assert {SCRIPT, QUOTES, FORMULA, MARKUP} <= set(page.attributes("data-copy"))
    assert [f"{SCRIPT}\n{FORMULA}\n``"] == [text for text in page.attributes("data-copy") if "\n" in text]
    assert "{{ 7*7 }}" in page.text


def test_fields_and_ids_have_labels_of_their_own() -> None:
    page = Page(guide_page(whole(app())))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    boxes = [found["id"] for tag, found in page.tags if tag == "input"]
    assert page.attributes("for") == boxes


@SCHEMAS
def test_same_input_gives_the_same_text(desired: DesiredSchema) -> None:
    assert guide_page(whole(desired)) == guide_page(whole(desired))
    assert guide_markdown(whole(desired)) == guide_markdown(whole(desired))


@pytest.mark.parametrize("text", ["a", "`", "``a`", " a ", "a`", SCRIPT, QUOTES, FORMULA, MARKUP])
def test_code_span_and_prose_read_back_as_they_were(text: str) -> None:
    assert uncode(code(text)) == text
    assert unprose(prose(text)) == text


def test_line_breaks_do_not_break_a_list() -> None:
    assert code("一\n二") == "`一 二`"
    assert prose("一\n# 二") == r"一 \# 二"
