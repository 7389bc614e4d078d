"""Scoring: columns in, columns out; the whole rule book of an appraisal cycle.

Pure: no files, network, clock, environment or logging. The caller opens a DuckDB connection and registers the input
frames (``columns.py``); ``score_cycle`` checks them once, runs a short list of SQL stages over exact integers, range by
range of people, and leaves result relations in the connection. May import ``core`` and ``duckdb`` only; the analysis of
ratings also ``scipy``, where an incomplete table needs variances.

Start reading at ``cycle.py`` (the order of a run), then ``scheme.py`` (every policy), ``methods.py`` (metric → score),
``raters.py`` (360), ``totals.py`` (from parts to a grade), ``receipt_lines.py`` (why). Beside the scores and advisory:
``analysis.py`` (severity, agreement, fairness, published averages), ``hints.py``, ``adoption.py`` (snapshots),
``privacy.py`` (one person's own data).

Decisions: numbers are scaled integers, one rounding rule (``rounding.py``); every stage is SQL text with named parts, so
a reader can run it by hand; missing is null and never silently zero; where the book is silent, the module concerned says
what we chose; ties have a declared key, so neither row order nor ranges nor threads change a bit; the canonical scheme
document has one reader, here: tables, files and templates first become that document, at the price of no pydantic model.

Source: scoring.md S0–S16.
"""

from huoban_perf.scoring.cycle import CycleResult, ScoreOptions, score_cycle
from huoban_perf.scoring.explain import Line, Receipt, SubjectResult, receipt, results, subject_ranges
from huoban_perf.scoring.frames import CycleFrames
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.scheme_document import change_scheme, parse_scheme, scheme_document, scheme_hash

__all__ = [
    "CycleFrames",
    "CycleResult",
    "Line",
    "Receipt",
    "Scheme",
    "ScoreOptions",
    "SubjectResult",
    "change_scheme",
    "parse_scheme",
    "receipt",
    "results",
    "scheme_document",
    "scheme_hash",
    "score_cycle",
    "subject_ranges",
]
