"""``score simulate``: the same inputs under changed rules; who moves, and how many have each grade before and after.

Grades are those after quotas and calibration, so that a changed quota shows who moves.

Nothing is written anywhere; both results live in a connection of their own and are forgotten with it.

Source: issue 3 point 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from huoban_perf.core.errors import Problem, SchemeError
from huoban_perf.exchange.analysis import write_snapshot
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.scoring import Scheme, ScoreOptions, SubjectResult, change_scheme, results

NO_GRADE = ""
"""Grade of a subject that has none: waiting, held or not appraised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What is supposed.

    Attributes:
        changes: Dotted path of the scheme document → value, for example ``parts.kpi_weight`` → ``60``.
        schemes: Schemes that stand in for those of the same key; a single one stands in for a single one.
        only: Key of the one scheme that ``changes`` are for; empty = every scheme.
        instead: Files that stand in for input frames, for example other rater adjustments.
        adjust: ``none`` = no rater adjustment; ``l2``, ``l3`` = adopt what the model estimates; empty = as the
            schemes say.
    """

    changes: Mapping[str, object] = field(default_factory=dict)
    schemes: Mapping[str, Scheme] = field(default_factory=dict)
    only: str = ""
    instead: Sequence[Path] = ()
    adjust: Literal["", "none", "l2", "l3"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One subject whose result, grade or status changes.

    Attributes:
        kind: ``person`` or ``department``.
        subject: Staff number or department code.
        name: Name, empty when the inputs have none.
        before: As it stands.
        after: As supposed.
    """

    kind: str
    subject: str
    name: str
    before: SubjectResult | None
    after: SubjectResult | None

    @property
    def is_regraded(self) -> bool:
        """Whether the grade changes."""
        return _grade(self.before) != _grade(self.after)

    @property
    def difference(self) -> Decimal | None:
        """Result after minus before, None unless both are scored."""
        before = self.before.result if self.before else None
        after = self.after.result if self.after else None
        return None if before is None or after is None else after - before


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would change.

    Attributes:
        subjects: Subjects compared.
        moves: Who changes: another grade first, then by size of the change, then by code.
        grades: Kind → grade (best first, then none) → (before, after).
    """

    subjects: int
    moves: tuple[Move, ...]
    grades: Mapping[str, Mapping[str, tuple[int, int]]]


def simulate(source: Path, *, schemes: Mapping[str, Scheme], what_if: WhatIf) -> Simulation:
    """Score a folder of inputs as it stands and as supposed.

    Args:
        source: The inputs; nothing in it is changed.
        schemes: The schemes as they stand.
        what_if: What is supposed.

    Returns:
        Who moves.

    Raises:
        SchemeError: A changed scheme contradicts itself, or a path or key does not exist.
        ScoringInputError: The inputs are wrong.
        ScoringError: An adjustment cannot be estimated.
    """
    supposed = changed_schemes(schemes, what_if)
    before, names = _scored(source, schemes)
    with TemporaryDirectory(prefix="huoban_perf-") as spare:
        instead = list(what_if.instead)
        if what_if.adjust:
            supposed, adjustments = _adjusted(source, supposed, what_if, Path(spare))
            instead += adjustments
        after, _ = _scored(source, supposed, instead=instead)
    order = [grade.name for scheme in (*schemes.values(), *supposed.values()) for grade in scheme.grades]
    return _compare(before, after, names=names, order=tuple(dict.fromkeys([*order, NO_GRADE])))


def changed_schemes(schemes: Mapping[str, Scheme], what_if: WhatIf) -> dict[str, Scheme]:
    """Apply what is supposed to the schemes.

    Args:
        schemes: As they stand.
        what_if: What is supposed.

    Returns:
        Every scheme by key, changed or not.

    Raises:
        SchemeError: A key or path does not exist, or a changed scheme contradicts itself.
    """
    given = dict(what_if.schemes)
    if len(given) == len(schemes) == 1:
        given = dict(zip(schemes, given.values(), strict=True))
    unknown = [key for key in (*given, *([what_if.only] if what_if.only else [])) if key not in schemes]
    if unknown:
        problems = [
            Problem(code="exchange.unknown_scheme", facts={"scheme": key, "known": tuple(schemes)}) for key in unknown
        ]
        raise SchemeError("exchange.schemes_invalid", facts={"count": len(unknown)}, problems=problems)
    supposed = {**schemes, **given}
    for key, scheme in supposed.items():
        if what_if.changes and what_if.only in {"", key}:
            supposed[key] = change_scheme(scheme, what_if.changes)
    return supposed


def _adjusted(
    source: Path, schemes: Mapping[str, Scheme], what_if: WhatIf, spare: Path
) -> tuple[dict[str, Scheme], list[Path]]:
    """Let every scheme adopt what the model estimates of the supposed inputs, or nothing."""
    plain = {key: change_scheme(scheme, {"severity.mode": "off"}) for key, scheme in schemes.items()}
    if what_if.adjust == "none":
        return plain, []
    with open_inputs(source, instead=what_if.instead) as inputs:
        score_inputs(inputs, schemes=plain, options=ScoreOptions(explain=False))
        name, file = write_snapshot(inputs, schemes=plain, level="l2" if what_if.adjust == "l2" else "l3", out=spare)
    changes = {"severity.mode": "adopt", "severity.snapshot": name}
    return {key: change_scheme(scheme, changes) for key, scheme in plain.items()}, [file]


Scored = Mapping[tuple[str, str], SubjectResult]


def _scored(
    source: Path, schemes: Mapping[str, Scheme], *, instead: Sequence[Path] = ()
) -> tuple[Scored, dict[tuple[str, str], str]]:
    """Score in a connection of its own, so that nothing of one supposition reaches the other."""
    with open_inputs(source, instead=instead) as inputs:
        score_inputs(inputs, schemes=schemes, options=ScoreOptions(explain=False, details=False))
        return {(found.kind, found.subject): found for found in results(inputs.connection)}, inputs.names()


def _compare(
    before: Scored, after: Scored, *, names: Mapping[tuple[str, str], str], order: Sequence[str]
) -> Simulation:
    keys = sorted(before.keys() | after.keys())
    moves = [
        Move(kind=key[0], subject=key[1], name=names.get(key, ""), before=before.get(key), after=after.get(key))
        for key in keys
        if _shown(before.get(key)) != _shown(after.get(key))
    ]
    moves.sort(key=lambda move: (not move.is_regraded, -abs(move.difference or Decimal(0)), move.kind, move.subject))
    return Simulation(
        subjects=len(keys),
        moves=tuple(moves),
        grades={kind: _grades(kind, before, after, order) for kind in sorted({key[0] for key in keys}, reverse=True)},
    )


def _grades(kind: str, before: Scored, after: Scored, order: Sequence[str]) -> dict[str, tuple[int, int]]:
    old, new = (Counter(_grade(found) for key, found in scored.items() if key[0] == kind) for scored in (before, after))
    return {grade: (old[grade], new[grade]) for grade in order}


def _grade(found: SubjectResult | None) -> str:
    return ((found.final_grade or found.grade) if found else None) or NO_GRADE


def _shown(found: SubjectResult | None) -> tuple[object, ...]:
    return () if found is None else (found.status, found.result, found.final_grade)
