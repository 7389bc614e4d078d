"""The guide as data: stages hold sections, sections hold tasks, a task is one box to tick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from huoban_perf.documents.starters import Starter


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a list that is typed in: an option with its colour, or a field of a rights task.

    Attributes:
        name: Exact text.
        color: Colour word of the template, or None.
        shown_color: The colour as people call it; empty without one.
    """

    name: str
    color: str | None = None
    shown_color: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do and tick off.

    Attributes:
        key: What its box is remembered by, inside app and workspace.
        does: What is done, for example ``新建表格``; empty where the kind says it.
        name: Exact name to type.
        kind: The platform's word for the field's type; empty where there is none.
        marks: Switches to set: 必填, 不可重复, 数据标题…
        settings: Sentences on what else to set.
        lines: What to set, one thing a line, for what has no fixed form: a view, a permission group, a recipe.
        choices_title: What the list below is; empty without a list.
        choices: List to enter in this order.
        help: Help text to paste, or None.
        is_typed: Whether name and list are typed in, and so can be copied.
        is_in_workbook: Whether the table's workbook brings it, so that it only needs a check.
        seconds: Estimated work when it is typed.
        seconds_checked: Estimated work when the table's workbook brought it; None: no workbook does.
    """

    key: str
    name: str
    does: str = ""
    kind: str = ""
    marks: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    choices_title: str = ""
    choices: tuple[Choice, ...] = ()
    help: str | None = None
    is_typed: bool = True
    is_in_workbook: bool = False
    seconds: int = 0
    seconds_checked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is done in one table at one stage.

    Attributes:
        number: Counts through the whole guide from 1.
        title: Heading.
        tasks: In order.
        starter: The table's workbook, or None.
    """

    number: int
    title: str
    tasks: tuple[Task, ...]
    starter: Starter | None = None

    @property
    def seconds(self) -> int:
        """Estimated work."""
        return sum(task.seconds for task in self.tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Sections that can be done once the stages before are done."""

    title: str
    note: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """Everything a person has to build.

    Attributes:
        app: Key of the app.
        app_version: Version of the template.
        template_digest: Digest of the wish.
        workspace: Id of the workspace; ``-`` when none was asked.
        workspace_name: The workspace as the profile calls it; empty when none was asked.
        stages: In order; those without work are left out.
    """

    app: str
    app_version: str
    template_digest: str
    workspace: str
    workspace_name: str
    stages: tuple[Stage, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """Every section, in order."""
        return tuple(section for stage in self.stages for section in stage.sections)

    @property
    def starters(self) -> tuple[Starter, ...]:
        """The workbooks that belong to it."""
        return tuple(section.starter for section in self.sections if section.starter is not None)

    def tasks(self) -> Iterator[Task]:
        """Yield every task, in order."""
        for section in self.sections:
            yield from section.tasks

    @property
    def seconds(self) -> int:
        """Estimated work."""
        return sum(task.seconds for task in self.tasks())

    @property
    def seconds_with_workbooks(self) -> int:
        """Estimated work when the tables are made from the workbooks, where the platform takes them."""
        return sum(task.seconds if task.seconds_checked is None else task.seconds_checked for task in self.tasks())

    @property
    def memory_key(self) -> str:
        """Start of the keys under which a browser remembers the boxes."""
        return f"huoban-perf/guide/{self.app}/{self.workspace}/"
