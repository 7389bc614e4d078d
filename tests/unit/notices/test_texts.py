from __future__ import annotations

import string
from datetime import date

import pytest

from huoban_perf.core.errors import NoticeError
from huoban_perf.core.labels import Labels
from huoban_perf.core.notices import Notice
from huoban_perf.notices.texts import TextBook, shipped_texts

NOTICE = Notice(
    receiver="u1",
    event="goals_due",
    object="[2026Q1|E001]",
    day=date(2026, 3, 20),
    facts={"cycle": "2026Q1", "due": "03-25"},
    link="https://app/1",
)


def test_line_speaks_the_asked_language_and_carries_the_link() -> None:
    assert TextBook(locale="zh").line(NOTICE) == "2026Q1 的目标待您提交, 截止 03-25 https://app/1"
    assert TextBook(locale="en").line(NOTICE) == "Your goals for 2026Q1 are due by 03-25 https://app/1"


def test_key_holds_the_row_without_its_brackets() -> None:
    assert NOTICE.key == "[u1|goals_due|2026Q1|E001|2026-03-20]"


def test_declared_automations_bring_texts_of_their_own() -> None:
    book = TextBook(locale="zh", more={"hello": Labels("你好 {name}\n第二行", "hello {name}")})
    assert book.words("hello", {"name": "王"}) == "你好 王 第二行"


@pytest.mark.parametrize(("event", "code"), [("no_such", "notices.no_text"), ("goals_due", "notices.missing_fact")])
def test_text_that_cannot_be_made_is_an_error(event: str, code: str) -> None:
    with pytest.raises(NoticeError) as caught:
        TextBook(locale="zh").words(event, {})
    assert caught.value.code == code


@pytest.mark.parametrize("event", sorted(shipped_texts()))
def test_both_languages_ask_for_the_same_facts(event: str) -> None:
    asked = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in (shipped_texts()[event].zh, shipped_texts()[event].en)
    ]
    assert asked[0] == asked[1]
