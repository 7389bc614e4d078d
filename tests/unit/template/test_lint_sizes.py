"""Findings that only a large template has; the files are made here rather than written out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from huoban_perf.template import Finding, lint_template

RICH = Path(__file__).parents[2] / "cases" / "template" / "rich"


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RICH, tmp_path / "rich"))


def found(folder: Path, code: str) -> list[Finding]:
    return [finding for finding in lint_template(folder) if finding.problem.code == code]


def chain(folder: Path, length: int) -> None:
    """Write automations of which each makes what starts the next: field f0 starts one that writes f1, and so on."""
    table = folder / "tables" / "task.yaml"
    fields = "".join(
        f"  - {{key: f{row}, labels: {{zh: 项{row}, en: Item {row}}}, kind: text}}\n" for row in range(length + 1)
    )
    table.write_text(table.read_text(encoding="utf-8") + fields, encoding="utf-8")
    steps = "".join(
        f"  - key: step{row}\n    labels: {{zh: 第{row}步, en: Step {row}}}\n"
        f"    trigger: {{item: [changed], fields: [f{row}]}}\n    then: [{{update: {{values: {{f{row + 1}: x}}}}}}]\n"
        for row in range(length)
    )
    file = folder / "automations" / "task.yaml"
    file.write_text(file.read_text(encoding="utf-8") + steps, encoding="utf-8")


def test_chain_of_fifteen_is_allowed_and_of_sixteen_is_not(folder: Path, tmp_path: Path) -> None:
    longer = Path(shutil.copytree(RICH, tmp_path / "longer" / "rich"))
    chain(folder, 15)
    assert lint_template(folder) == []
    chain(longer, 16)
    (finding,) = found(longer, "template.long_ripple")
    assert finding.severity == "error"
    assert finding.problem.address == "automation:task.step0"
    assert finding.problem.facts == {"depth": 16, "most": 15}


def test_form_with_seven_criteria_names_the_surplus(folder: Path) -> None:
    file = folder / "parameters.yaml"
    text = file.read_text(encoding="utf-8")
    start = text.index("  - key: results")
    one = text[start : text.index("  - key: teamwork")]
    more = "".join(
        one.replace("key: results", f"key: extra{row}")
        .replace("工作业绩", f"更多{row}")
        .replace("en: Results", f"en: E{row}")
        for row in range(5)
    )
    file.write_text(text + more, encoding="utf-8")
    (finding,) = found(folder, "template.many_ratings")
    assert (finding.severity, finding.problem.file) == ("warning", "rich/views/sheet.yaml")
    assert finding.problem.facts["surplus"] == ("extra4",)
