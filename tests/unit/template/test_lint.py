"""Every kind of mistake, by data file: one edit of a sound template, and exactly the findings it must give."""

from __future__ import annotations

import shutil
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from huoban_perf.cli.texts import messages
from huoban_perf.core.errors import TemplateError
from huoban_perf.template import Finding, lint_template, load_template

CASES = Path(__file__).parents[2] / "cases" / "template"
SOUND = CASES / "sound"


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['case']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def edited(folder: Path, case: Mapping[str, Any]) -> Path:
    shutil.copytree(CASES / case.get("base", "sound"), folder)
    for edit in (case, *case.get("also", ())):
        file = folder / edit["file"]
        if "whole" not in edit:
            text = file.read_text(encoding="utf-8")
            assert text.count(edit["find"]) >= 1, edit["find"]
            file.write_text(text.replace(edit["find"], edit["put"], 1), encoding="utf-8")
        elif edit["whole"] is None:
            file.unlink()
        else:
            file.write_text(edit["whole"], encoding="utf-8")
    return folder


def line_with(file: Path, part: str, nth: int) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, start=1) if part in line][nth - 1]


def seen(finding: Finding, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a finding what the case states."""
    problem = finding.problem
    given: dict[str, Any] = {"code": problem.code, "severity": finding.severity, "file": problem.file}
    given["line"] = problem.line
    if "address" in wish:
        given["address"] = problem.address
    if "facts" in wish:
        facts = {key: list(value) if isinstance(value, tuple) else value for key, value in problem.facts.items()}
        given["facts"] = {key: facts.get(key) for key in wish["facts"]}
    return given


def wanted(wish: Mapping[str, Any], case: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    name = wish.get("file", case["file"])
    line = line_with(folder / name, wish["at"], wish.get("nth", 1)) if "at" in wish else wish.get("line")
    rest = {key: wish[key] for key in ("address", "facts") if key in wish}
    shown = f"{folder.name}/{name}"
    return {"code": wish["code"], "severity": wish.get("severity", "error"), "file": shown, "line": line, **rest}


@pytest.mark.parametrize("case", cases())
def test_lint_broken_template_names_exactly_these_places(case: Mapping[str, Any], tmp_path: Path) -> None:
    folder = edited(tmp_path / case.get("base", "sound"), case)
    found = lint_template(folder)
    assert [finding.problem.code for finding in found] == [wish["code"] for wish in case["finds"]]
    for finding, wish in zip(found, case["finds"], strict=True):
        assert seen(finding, wish) == wanted(wish, case, folder)
        text = messages()[finding.problem.code]["zh"]
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= set(finding.problem.facts)


def test_load_broken_template_raises_one_error_with_every_mistake(tmp_path: Path) -> None:
    several = next(case for case in cases() if "several files" in case.id).values[0]
    folder = edited(tmp_path / "sound", several)
    errors = [finding.problem for finding in lint_template(folder) if finding.severity == "error"]
    with pytest.raises(TemplateError) as caught:
        load_template(folder)
    assert list(caught.value.problems) == errors
    assert caught.value.facts["count"] == len(errors) == 3


def test_load_template_with_warnings_only_passes(tmp_path: Path) -> None:
    idle = next(case for case in cases() if "nothing reads" in case.id).values[0]
    assert load_template(edited(tmp_path / "sound", idle)).app.model.key == "sound"


def test_lint_sound_template_finds_nothing() -> None:
    assert lint_template(SOUND) == []


def test_lint_latin_file_is_not_utf8(tmp_path: Path) -> None:
    folder = edited(tmp_path / "sound", {"file": "app.yaml", "find": "key: sound", "put": "key: sound"})
    (folder / "app.yaml").write_bytes("key: sound # 中文".encode("gbk"))
    assert [finding.problem.code for finding in lint_template(folder)] == ["template.not_utf8"]


def test_lint_too_many_criteria_warns_and_names_the_surplus(tmp_path: Path) -> None:
    folder = edited(tmp_path / "sound", {"file": "app.yaml", "find": "key: sound", "put": "key: sound"})
    file = folder / "parameters.yaml"
    more = "".join(
        f"  - key: extra_{number}\n    labels: {{zh: 加项{number}, en: Extra {number}}}\n    relations: [upper]\n"
        "    options:\n      - {key: best, zh: 优秀, en: Excellent, points: 100}\n"
        "      - {key: meets, zh: 合格, en: Acceptable, points: 75}\n      - {key: unknown, zh: 不了解, en: Unknown}\n"
        for number in range(11)
    )
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    found = lint_template(folder)
    assert {(finding.severity, finding.problem.code) for finding in found} == {
        ("warning", "template.many_criteria"),
        ("warning", "template.long_form"),
    }
    long = next(finding.problem for finding in found if finding.problem.code == "template.long_form")
    assert long.facts["surplus"] == tuple(f"extra_{number}" for number in range(6, 11))
    load_template(folder)
