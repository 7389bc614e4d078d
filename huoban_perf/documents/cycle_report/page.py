"""A cycle report as one HTML page: charts inside, no network, no script; for screen, phone, dark and A4."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from huoban_perf.documents.cycle_report.charts import draw
from huoban_perf.documents.cycle_report.model import Report, Section
from huoban_perf.documents.page import static_page
from huoban_perf.documents.printing import private
from huoban_perf.documents.writing import writing


def report_page(report: Report) -> str:
    """Return a report as an HTML document.

    Args:
        report: The report.

    Returns:
        The document, complete in itself; the same report gives the same text.
    """
    return static_page("report", report=report, picture=_picture)


def _picture(section: Section) -> Markup:
    if section.chart is None:
        return Markup("")
    return draw(section.chart, name=section.key, label=f"{section.title}: {section.says[0]}")


def write_report(report: Report, file: Path) -> None:
    """Write a report, readable by its owner only, replacing the file.

    Args:
        report: The report.
        file: Where to; its folder is made.

    Raises:
        HuobanPerfError: The file cannot be written.
    """
    page = report_page(report)
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        private(file).write_text(page, encoding="utf-8")
