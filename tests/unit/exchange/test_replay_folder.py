"""A folder of ``score run`` is computed again and every byte compared; what changed since is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huoban_perf.core.errors import ScoringError, ScoringInputError
from huoban_perf.exchange import OutputForm, Request, replay_folder, score_folder
from huoban_perf.scoring import parse_scheme
from tests.unit.exchange.sample import SCHEME, save

SCHEMES = {"std": parse_scheme(SCHEME)}


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_replay_of_a_folder_of_results_is_equal_wherever_both_lie_now(tmp_path: Path, form: OutputForm) -> None:
    folder, run = save(tmp_path / "a" / "in"), tmp_path / "a" / "out"
    with (folder / "items.csv").open("a", encoding="utf-8") as stream:
        stream.write("个人,E2,坏,M1,1,x,1,\n")
    score_folder(folder, schemes=SCHEMES, out=run, request=Request(form=form, header="zh", skip_bad_rows=True))
    (tmp_path / "a").rename(tmp_path / "b")
    found = replay_folder(tmp_path / "b" / "out")
    assert (found.files, found.differences, found.is_intact) == (7, (), True)
    (tmp_path / "b" / "in").rename(tmp_path / "elsewhere")
    with pytest.raises(ScoringInputError, match=r"exchange\.no_folder"):
        replay_folder(tmp_path / "b" / "out")
    assert replay_folder(tmp_path / "b" / "out", source=tmp_path / "elsewhere") == found


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_replay_of_a_folder_tells_changed_inputs_and_what_differs(tmp_path: Path, form: OutputForm) -> None:
    folder, run = save(tmp_path / "in"), tmp_path / "out"
    score_folder(folder, schemes=SCHEMES, out=run, request=Request(form=form))
    file = folder / "items.csv"
    file.write_text(file.read_text("utf-8").replace("1120000", "1130000"), "utf-8")
    found = replay_folder(run)
    assert not found.is_intact
    changed = {difference.file: difference for difference in found.differences}
    assert {f"results.{form}", f"receipt_lines.{form}"} <= set(changed)
    assert changed[f"results.{form}"].line == (0 if form == "parquet" else 2)
    assert changed[f"results.{form}"].stored != changed[f"results.{form}"].computed


def test_replay_of_a_folder_tells_a_changed_scheme(tmp_path: Path) -> None:
    run = tmp_path / "out"
    score_folder(save(tmp_path / "in"), schemes=SCHEMES, out=run, request=Request())
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    manifest["schemes"]["std"]["parts"]["kpi_weight"] = "60"
    manifest["schemes"]["std"]["parts"]["review_weight"] = "40"
    (run / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    found = replay_folder(run)
    assert not found.is_intact
    assert "results.csv" in {difference.file for difference in found.differences}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"outputs": {}}'])
def test_replay_of_any_other_folder_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ScoringError, match=r"exchange\.no_run_folder"):
        replay_folder(tmp_path)
