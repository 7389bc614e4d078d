"""Loading: which files count, what a loaded template offers, and YAML read as text."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import Recovery, TemplateError
from huoban_perf.template import load_template

SOUND = Path(__file__).parents[2] / "cases" / "template" / "sound"


def test_load_unknown_template_names_the_known_ones() -> None:
    with pytest.raises(TemplateError) as caught:
        load_template("performanse")
    assert caught.value.code == "template.not_found"
    assert "performance" in str(caught.value.facts["known"])
    assert caught.value.recovery is Recovery.FIX_INPUT


def test_load_scheme_keeps_scalars_as_text() -> None:
    template = load_template(SOUND)
    assert template.scheme["version"] == "1"
    assert template.scheme["parts"] == {"kpi_weight": "70", "review_weight": "30"}


def test_load_points_and_criteria_by_relation() -> None:
    template = load_template(SOUND)
    assert template.points("peer") == {"teamwork": {"best": Decimal(95), "meets": Decimal(75), "unknown": None}}
    assert [criterion.key for criterion in template.criteria("superior")] == ["results", "teamwork"]
    assert template.criteria("customer") == ()


def test_load_company_parameters_replace_those_of_the_template(tmp_path: Path) -> None:
    company = tmp_path / "company.yaml"
    text = (SOUND / "parameters.yaml").read_text(encoding="utf-8")
    company.write_text(text.replace("zh: 职能", "zh: 职能序列"), encoding="utf-8")
    template = load_template(SOUND, parameters=company)
    assert template.parameters.model.position_families[0].zh == "职能序列"
    assert template.scheme["name"] == "样例方案"


def test_load_company_parameters_bring_their_own_scheme(tmp_path: Path) -> None:
    text = (SOUND / "parameters.yaml").read_text(encoding="utf-8")
    (tmp_path / "company.yaml").write_text(f"scheme: ours.yaml\n{text}", encoding="utf-8")
    scheme = (SOUND / "scheme.yaml").read_text(encoding="utf-8")
    (tmp_path / "ours.yaml").write_text(scheme.replace("name: 样例方案", "name: 我们的方案"), encoding="utf-8")
    assert load_template(SOUND, parameters=tmp_path / "company.yaml").scheme["name"] == "我们的方案"
    given = load_template(SOUND, parameters=tmp_path / "company.yaml", scheme=SOUND / "scheme.yaml")
    assert given.scheme["name"] == "样例方案"


def test_load_problem_in_a_company_file_names_that_file(tmp_path: Path) -> None:
    company = tmp_path / "company.yaml"
    company.write_text("grades: []\n", encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        load_template(SOUND, parameters=company)
    assert {problem.file for problem in caught.value.problems} == {company.as_posix()}


def test_load_words_that_yaml_would_turn_into_other_types_stay_words(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SOUND, tmp_path / "sound"))
    file = folder / "tables" / "form.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("{key: open, zh: 待评, en: Open}", "{key: on, zh: 是, en: Yes}")
    file.write_text(
        text.replace("{key: closed, zh: 已评, en: Closed}", "{key: no, zh: 1.10, en: No}"), encoding="utf-8"
    )
    options = load_template(folder).tables["form"].model.fields[2].options
    assert [(option.key, option.zh, option.en) for option in options] == [("on", "是", "Yes"), ("no", "1.10", "No")]
