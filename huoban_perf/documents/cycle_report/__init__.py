"""Cycle reports: where a cycle stands and what came out, for HR, the head of one department, or executives.

``model`` (sections, tables, audience), ``material`` (the workspace cut down to the reader), ``figures`` (exact small
figures), the sections ``standing``, ``grades``, ``raters``, ``goals``, ``cases``, ``charts`` (Vega-Lite → SVG),
``build`` (all of it), ``page`` (HTML).

Promises, each with a test: a reader's material holds nothing beyond that reader, so no section can show it; every chart
has a sentence and a table with the same figures; what cannot be said is listed with its reason; the page needs no
network and no script.

Decision: quartiles, shares and medians are computed here, exactly, never by the chart library, so that chart and table
cannot differ.

Source: issue 8 point 1; workflows.md §3, §5; scoring.md S4.6, S5, S6, S9, S10, S14, S15; process.md 优化, 战略匹配.
"""

from huoban_perf.documents.cycle_report.build import cycle_report
from huoban_perf.documents.cycle_report.material import Sources
from huoban_perf.documents.cycle_report.model import Audience, Report, Role
from huoban_perf.documents.cycle_report.page import write_report

__all__ = ["Audience", "Report", "Role", "Sources", "cycle_report", "write_report"]
