"""Finding templates by name and by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.core.errors import TemplateError
from huoban_perf.template import find_template, locate, template_names

SOUND = Path(__file__).parents[2] / "cases" / "template" / "sound"


def made(root: Path, name: str) -> Path:
    (root / name).mkdir(parents=True)
    (root / name / "app.yaml").write_text("key: x\n", encoding="utf-8")
    return root / name


@pytest.fixture(name="roots")
def roots_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    checkout, packaged = tmp_path / "checkout", tmp_path / "packaged"
    monkeypatch.setattr(locate, "roots", lambda: (checkout, packaged))
    monkeypatch.chdir(tmp_path)
    return checkout, packaged


def test_find_shipped_template_by_name() -> None:
    assert (find_template("performance") / "app.yaml").is_file()
    assert "performance" in template_names()


def test_find_template_by_path_or_text_of_a_path() -> None:
    assert find_template(SOUND) == SOUND
    assert find_template(str(SOUND)) == SOUND


def test_find_template_checkout_wins_over_the_packaged_copy(roots: tuple[Path, Path]) -> None:
    wanted = made(roots[0], "okr")
    made(roots[1], "okr")
    assert find_template("okr") == wanted


def test_find_template_only_in_the_package(roots: tuple[Path, Path]) -> None:
    wanted = made(roots[1], "okr")
    assert find_template("okr") == wanted
    assert template_names() == ("okr",)


def test_find_template_shipped_name_wins_over_a_folder_here(roots: tuple[Path, Path], tmp_path: Path) -> None:
    wanted = made(roots[0], "okr")
    made(tmp_path, "okr")
    assert find_template("okr") == wanted
    assert find_template("./okr") == Path("okr")


def test_find_template_shared_parts_are_no_templates(roots: tuple[Path, Path]) -> None:
    made(roots[0], "_parts")
    assert template_names() == ()
    with pytest.raises(TemplateError, match="not_found"):
        find_template("_parts")
