"""Customers as raters: their tasks, invite codes and invitations by mail; they have no account and see no name.

HR writes one customer a line into 客户评价人 of the appraisal. Each gets one task with a code that nobody can guess and
one letter, and one reminder. The same customer has the same rater code everywhere, made from the address, so that
scoring knows the rater and nobody the person. Source: data-model.md §2 评价任务, 外部评价; workflows.md §2, §6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import Problem
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

FIELD = "customers"
"""Field of 绩效考核单 that names them."""

_BETWEEN = r"\s,;:\uff0c\uff1b\uff1a\u3001"
_LINE = re.compile(rf"(?P<name>.*?)[{_BETWEEN}<]*(?P<mail>[^{_BETWEEN}@<>]+@[^{_BETWEEN}@<>]+\.[^{_BETWEEN}@<>]+)>?")
_REMIND_DAYS = 3


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: how HR calls the firm, where the letter goes, and the code that stands for the person."""

    name: str
    mail: str
    code: str


def customers_of(sheet: Row) -> tuple[list[Customer], list[str]]:
    """Return the customers named on an appraisal, and lines that hold no address."""
    found: dict[str, Customer] = {}
    wrong: list[str] = []
    for line in filter(None, (part.strip() for part in sheet.text(FIELD).splitlines())):
        read = _LINE.fullmatch(line)
        if read is None:
            wrong.append(line)
            continue
        mail = read["mail"].lower()
        code = "C" + digest(["customer", mail]).removeprefix("sha256:")[:8]
        found.setdefault(code, Customer(read["name"].strip(), mail, code))
    return list(found.values()), wrong


def customer_tasks(
    context: JobContext, sheet: Row, employee: Row, standing: Sequence[Row]
) -> tuple[list[WantedRow], list[Problem]]:
    """Return the tasks that customers of an appraisal still lack.

    Args:
        context: What stands; ``new_code`` makes invite codes.
        sheet: The appraisal.
        employee: Its person.
        standing: Its tasks.

    Returns:
        New tasks, each with its own invite code, and what is wrong with the list of customers.
    """
    known = {task.key for task in standing}
    customers, wrong = customers_of(sheet)
    where = f"{employee.key} {employee.text('name')}"
    problems = [note("cycle.customer_without_mail", address=where) for _ in wrong[:1]]
    rows: list[WantedRow] = []
    for customer in customers:
        key = natural_key(*sheet.key.strip("[]").split("|"), "customer", customer.code)
        if key in known:
            continue
        values: dict[str, Value | Refs] = {
            "natural_key": key,
            "name": f"{employee.text('name')} · 客户",
            "status": "to_review",
            "appraisal": Refs("appraisal", (sheet.key,)),
            "relation": "customer",
            "external_rater": customer.code,
            "external_contact": customer.mail,
            "invite_code": context.new_code(),
            "invited_by": "hr",
            "invited_on": context.today,
            "due_on": context.cycle.day("review_due_on"),
        }
        rows.append(WantedRow(key=key, values=values))
    return rows, problems


def letters(context: JobContext) -> Iterator[Notice]:
    """Yield the invitation of every open customer task of a cycle, and its one reminder; the same at every run.

    Args:
        context: What stands; without the address of the public form no letter can be written.
    """
    if not context.process.customer_link or context.cycle.text("status") != "reviewing":
        return
    due = context.cycle.day("review_due_on")
    for task in context.book.where("review_task", Condition("status", Operator.ANY_OF, ("to_review",))):
        mail, code, invited = task.text("external_contact"), task.text("invite_code"), task.day("invited_on")
        mine = task.key.startswith(f"[{context.cycle.key}|") and task.text("status") == "to_review"
        if not mine or not mail or not code or invited is None:
            continue
        letter = {
            "receiver": f"mail:{mail}",
            "object": task.key,
            "facts": {"code": code, "due": str(due or "-")},
            "link": context.process.customer_link,
            "mode": Mode.MORNING,
        }
        yield Notice(event="customer_invitation", day=invited, **letter)  # type: ignore[arg-type]
        if due is not None and due - timedelta(days=_REMIND_DAYS) <= context.today <= due:
            yield Notice(event="customer_reminder", day=due - timedelta(days=_REMIND_DAYS), **letter)  # type: ignore[arg-type]
