"""The job ``retention``: detaches single ratings from their raters, deletes old messages and stored runs.

What stays are results and aggregates; what goes is who rated what: rater, comments, evidence, invite codes and
addresses of 评价任务 and the 工号 in its key, rater and grounds of 评分明细, code and opinion of 外部评价. Nothing is
deleted that a released receipt needs. A whole cycle is detached at once by design, so that no share of changed rows
asks for consent: the months since the archive are the guard. Of 消息, what was sent is deleted after some months; what
never left the workspace is kept twice as long, and counted when it goes. This machine's stored runs of such
a cycle go whole, for they hold the same ratings; its results stand in the workspace, but can be computed again no more.
Source: scoring.md S16 (retention no longer than needed); design.md §3 (local files).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.digest import digest
from huoban_perf.core.values import Value, Values
from huoban_perf.cycle.by_item import update_rows
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_TASK = (
    *("rater", "external_rater", "external_contact", "invite_code", "delegate"),
    *("extreme_evidence", "overall_comment", "decline_reason"),
)
_DETAIL = ("rater", "basis")
_ANSWER = ("invite_code", "opinion")
_MATCHED = frozenset({"matched", "duplicate"})


def retention(context: JobContext) -> Draft:
    """Say which ratings and messages are past their time.

    Args:
        context: What stands.

    Returns:
        Review tasks and their details, of cycles that ended more than the months of retention ago, without what names
        their rater; afterwards the public answers whose task holds their code no more. Messages and stored runs to be
        deleted.
    """
    tasks: list[WantedRow] = []
    details: list[WantedRow] = []
    for sheet in _sheets(context) if context.book.has("review_task") else ():
        for task in context.book.of("review_task", "appraisal", sheet):
            tasks += _detached(task, _TASK)
            if context.book.has("review_score"):
                for detail in context.book.of("review_score", "task", task):
                    details += _detached(detail, _DETAIL)
    sent, unsent = _old_messages(context)
    past = {cycle.key for cycle in _past(context)}
    runs = context.runs.of_cycles(past) if past and context.runs is not None else []
    told = {"cycle.messages_unsent_old": len(unsent), "cycle.runs_old": len(runs)}
    return Draft(
        wishes=(Wish(table="review_score", rows=tuple(details)), Wish(table="review_task", rows=tuple(tasks))),
        notes=tuple(note(code, count=count) for code, count in told.items() if count),
        removals={"message": {**sent, **unsent}},
        audited=True,
        runs=tuple(runs),
        after=detach_rest,
    )


def _old_messages(context: JobContext) -> tuple[dict[ItemId, str], dict[ItemId, str]]:
    """Return the messages past their time: those that were sent, and those that nobody was sent."""
    sent: dict[ItemId, str] = {}
    unsent: dict[ItemId, str] = {}
    months = context.process.message_months
    for row in context.book.all("message") if context.book.has("message") else ():
        day = _day_of(row)
        if day is None:
            continue
        was_sent = row.text("send_status") == "sent"
        if months_after(day, months if was_sent else 2 * months) <= context.today:
            (sent if was_sent else unsent)[ItemId(row.item_id)] = row.key
    return sent, unsent


def _day_of(message: Row) -> date | None:
    """Return the day a message belongs to, the last part of its key; None for a row that is none of ours."""
    try:
        return date.fromisoformat(message.key.strip("[]").rsplit("|", 1)[-1])
    except ValueError:
        return None


def _past(context: JobContext) -> Iterator[Row]:
    """Yield the archived cycles whose time is over."""
    for cycle in context.book.all("cycle"):
        end = cycle.day("appeal_due_on") or cycle.day("end_date")
        past = end is not None and months_after(end, context.process.retention_months) < context.today
        if cycle.text("status") == "archived" and past:
            yield cycle


def _sheets(context: JobContext) -> Iterator[Row]:
    for cycle in _past(context):
        yield from context.book.of("appraisal", "cycle", cycle)


def _detached(row: Row, fields: tuple[str, ...]) -> list[WantedRow]:
    filled = [field for field in fields if row.has(field)]
    if not row.key or not filled:
        return []
    values: dict[str, Value | Refs] = {row.rows.table.key_field or "": row.key, **dict.fromkeys(filled)}
    return [WantedRow(key=row.key, values=values)]


def detach_rest(context: JobContext) -> int:
    """Take the rater out of keys, and empty public answers whose task was detached.

    Args:
        context: What stands after the tasks were written.

    Returns:
        How many rows were sent.
    """
    return (_rename(context) if context.book.has("review_task") else 0) + _detach_answers(context)


def _rename(context: JobContext) -> int:
    """A key ``[sheet|relation|rater]`` names the rater; a detached task gets a key that names nobody."""
    tasks: list[tuple[Row, Values]] = []
    details: list[tuple[Row, Values]] = []
    for sheet in _sheets(context):
        for task in context.book.of("review_task", "appraisal", sheet):
            key = natural_key(*sheet.key.strip("[]").split("|"), task.text("relation"), _nobody(task))
            if task.key and task.key != key:
                tasks.append((task, {"natural_key": key}))
            for detail in context.book.of("review_score", "task", task) if context.book.has("review_score") else ():
                own = natural_key(*key.strip("[]").split("|"), _nobody(detail))
                if detail.key and detail.key != own:
                    details.append((detail, {"natural_key": own}))
    return update_rows(context, "review_score", details) + update_rows(context, "review_task", tasks)


def _nobody(row: Row) -> str:
    return f"-{digest(['detached', str(row.item_id)]).removeprefix('sha256:')[:10]}"


def _detach_answers(context: JobContext) -> int:
    if not context.book.has("external_review") or not context.book.has("review_task"):
        return 0
    held = {row.text("invite_code") for row in context.book.all("review_task") if row.has("invite_code")}
    changes: list[tuple[Row, Values]] = [
        (answer, dict.fromkeys(_ANSWER))
        for answer in context.book.all("external_review")
        if answer.text("match_status") in _MATCHED
        and any(answer.has(field) for field in _ANSWER)
        and answer.text("invite_code").strip() not in held
    ]
    return update_rows(context, "external_review", changes)


def months_after(day: date, months: int) -> date:
    """Return the first day of the month that lies so many months after a day's month, plus one month.

    Counting whole months keeps a row rather a little longer than promised, never shorter.
    """
    total = day.year * 12 + day.month - 1 + months + 1
    return date(total // 12, total % 12 + 1, 1)
