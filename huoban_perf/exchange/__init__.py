"""Exchange: scoring inputs in from files, results out to files; what-if and replay over both. No platform.

One file a frame (CSV, Parquet or Excel; names and headers in Chinese or English, declared in ``scoring.columns``)
becomes a relation of a DuckDB connection; whatever is wrong with files, headers and cells is listed at once and nothing
is scored. The rule book stays in ``scoring``; this room only carries columns in and results out. May import ``core``
and ``scoring``; openpyxl is used only in ``workbooks``, ``outputs`` and ``table_workbook*``, YAML only
in ``scheme_files``.

Reading order: ``frame_files`` (which file is which frame), ``headers`` (which column is which), ``records``,
``csv_files`` and ``workbooks`` (rows as text with the row number people see), ``inputs`` (all of it as one connection),
``scheme_files``, ``outputs`` (the result files, their columns in both languages), ``long_files`` (those written range
by range of people), ``score_folder`` (``score run``),
``analysis`` (what HR asks for beside scores; ``score adopt``), ``what_if`` (``score simulate``), ``analysis_report``
(``score analyse``), ``person_export`` (``score export``), ``replay`` (``score replay``), ``receipts``
(``score explain`` on files), ``cycle_analysis`` (what a cycle report asks of the engine).

Workbooks of a workspace's tables: ``cell_words`` (a cell and its neutral value), ``table_workbook`` (out),
``table_workbook_reading`` (back); what they mean is decided in ``cycle``.

Decisions: a CSV that is not UTF-8 is read as GB18030, which Excel writes in China, and the run says so; a cell shown as
per cent in Excel is refused, since its value differs from what its reader sees; results have English headers unless
asked otherwise, so that a stored run compares byte for byte; a what-if reads its inputs twice, so that nothing of one
supposition reaches the other.

Source: score-files.md; scoring.md S0 (inputs, 15 digits), S13; issue 3 points 3–5.
"""

from huoban_perf.exchange.analysis import Snapshot, adopt_adjustments
from huoban_perf.exchange.analysis_report import AnalysisReport, analyse_folder
from huoban_perf.exchange.inputs import Inputs, open_inputs, score_inputs
from huoban_perf.exchange.outputs import OUTPUTS, OutputForm, write_outputs
from huoban_perf.exchange.person_export import export_person
from huoban_perf.exchange.receipts import explain_subject
from huoban_perf.exchange.replay import Difference, Replay, is_run_folder, replay_folder, replay_results
from huoban_perf.exchange.scheme_files import read_schemes
from huoban_perf.exchange.score_folder import FolderRun, Request, score_folder
from huoban_perf.exchange.what_if import Move, Simulation, WhatIf, simulate

__all__ = [
    "OUTPUTS",
    "AnalysisReport",
    "Difference",
    "FolderRun",
    "Inputs",
    "Move",
    "OutputForm",
    "Replay",
    "Request",
    "Simulation",
    "Snapshot",
    "WhatIf",
    "adopt_adjustments",
    "analyse_folder",
    "explain_subject",
    "export_person",
    "is_run_folder",
    "open_inputs",
    "read_schemes",
    "replay_folder",
    "replay_results",
    "score_folder",
    "score_inputs",
    "simulate",
    "write_outputs",
]
