"""The report of a cycle for one reader: every section that can be made, and what is not there and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from huoban_perf.documents.cycle_report import cases, goals, grades, raters, standing
from huoban_perf.documents.cycle_report.figures import median, percent
from huoban_perf.documents.cycle_report.material import Material, Sources, collect_material
from huoban_perf.documents.cycle_report.model import Absent, Audience, Report, Section
from huoban_perf.documents.labels import choice_label, name_of
from huoban_perf.sync.cycle_row import SEALED

_SECTIONS: Final[tuple[Callable[[Material], Section | Absent | None], ...]] = (
    standing.standing,
    standing.completion,
    cases.missing,
    grades.grades,
    grades.scores,
    grades.boundary,
    grades.calibration,
    raters.severity,
    raters.agreement,
    raters.hints,
    goals.strategy,
    goals.resources,
    cases.appeals,
    raters.fairness,
    standing.bottleneck,
    grades.comparison,
)
_READERS: Final = {"hr": "HR", "executive": "高管"}


def cycle_report(sources: Sources, audience: Audience) -> Report:
    """Make the report of a cycle.

    Args:
        sources: Where from.
        audience: Who reads.

    Returns:
        The report; nothing in it is beyond what its reader may see.

    Raises:
        CycleError: No such cycle or department, or nobody there takes part.
    """
    material = collect_material(sources, audience)
    parts = [make(material) for make in _SECTIONS]
    cycle = material.cycle
    home = material.book.find("department", audience.department) if material.is_manager else None
    readers = _READERS.get(audience.role) or f"{name_of(home) if home is not None else audience.department}负责人"
    return Report(
        cycle=cycle.key,
        period=(cycle.day("start_date"), cycle.day("end_date")),
        state=choice_label(cycle, "status"),
        is_released=cycle.text("status") in SEALED,
        readers=readers,
        made_on=material.today,
        facts=_facts(material),
        sections=[part for part in parts if isinstance(part, Section)],
        absent=[part for part in parts if isinstance(part, Absent)],
    )


def _facts(material: Material) -> list[tuple[str, str]]:
    tasks = [
        task
        for person in material.people
        for task in material.book.of("review_task", "appraisal", person.sheet)
        if task.text("status") not in {"recalled", "declined"}
    ]
    submitted = sum(task.text("status") == "submitted" for task in tasks)
    facts = [("参评", f"{len(material.people)} 人")]
    if tasks:
        facts.append(("评价已交", percent(submitted, len(tasks))))
    scores = [person.score for person in material.scored if person.score is not None]
    if scores:
        facts += [("有结果", f"{len(scores)} 人"), ("得分中位数", str(median(scores)))]
    return facts
