"""One subject's receipt from a folder of inputs: ``score explain`` on a stored run or on plain files.

Source: scoring.md S7 (Receipt).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from huoban_perf.core.errors import ScoringError
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.scoring import Receipt, Scheme, ScoreOptions, receipt, results
from huoban_perf.scoring.rounding import sql_literal


def explain_subject(source: Path, *, schemes: Mapping[str, Scheme], kind: str | None, subject: str) -> Receipt:
    """Score a folder of inputs and return one receipt.

    Args:
        source: The inputs.
        schemes: Schemes by key.
        kind: ``person`` or ``department``; None takes the person, else the department, of that code.
        subject: Staff number or department code.

    Returns:
        The result with all its lines.

    Raises:
        ScoringError: Nobody of that code is scored here (``exchange.unknown_subject``).
        ScoringInputError: The inputs are wrong.
    """
    with open_inputs(source) as inputs:
        score_inputs(inputs, schemes=schemes, options=ScoreOptions(details=False))
        found = [entry.kind for entry in results(inputs.connection, where=f"subject = {sql_literal(subject)}")]
        kinds = [entry for entry in found if kind in {None, entry}]
        if not kinds:
            raise ScoringError("exchange.unknown_subject", facts={"subject": subject})
        return receipt(inputs.connection, kinds[0], subject)
