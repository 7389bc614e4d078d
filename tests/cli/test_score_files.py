"""``score run|explain|simulate|replay|files`` as a person runs them: output, exit codes, both languages."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.core.digest import digest
from huoban_perf.exchange import Request, score_folder
from huoban_perf.scoring import parse_scheme, scheme_document, scheme_hash
from huoban_perf.sync.runs import FORMAT_VERSION, Manifest, RunStore, files_digest
from tests.unit.exchange import ratings
from tests.unit.exchange.sample import SCHEME, frames, save, save_csv, save_scheme

RUN = "20260401T090000-score-abcdef01"
HALF = ["--set", "parts.kpi_weight=50", "--set", "parts.review_weight=50"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUOBAN_PERF_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    return ["--from", str(save(tmp_path / "in")), "--scheme", str(save_scheme(tmp_path / "scheme.yaml"))]


@pytest.fixture
def stored(home: Path, tmp_path: Path) -> Path:
    """Store a run as the score job does, with its results."""
    store = RunStore(folder=home / "runs")
    folder = store.open(run=RUN)
    save(folder / "extract")
    schemes = {"std": parse_scheme(SCHEME)}
    score_folder(folder / "extract", schemes=schemes, out=tmp_path / "made", request=Request())
    for file in (tmp_path / "made").glob("*.csv"):
        shutil.copy(file, folder / "results")
    documents = {key: scheme_document(scheme) for key, scheme in schemes.items()}
    store.save(
        Manifest(
            format_version=FORMAT_VERSION,
            run=RUN,
            job="score",
            cycle="2026Q1",
            started=datetime(2026, 4, 1, 9, tzinfo=UTC).isoformat(),
            scheme_hash=digest({key: scheme_hash(document) for key, document in documents.items()}),
            schemes=documents,
            input_digest=files_digest(sorted((folder / "extract").glob("*.csv"))),
            rows={},
        )
    )
    return folder


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Exit, str, str]:
    code = run(list(words))
    said = capsys.readouterr()
    paths = [line for line in said.out.splitlines() if line.startswith(("  /", "试算", "What-if"))]
    assert all(cell_len(line) <= 80 for line in said.out.splitlines() if line not in paths), said.out
    return code, said.out, said.err


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Exit, Any]:
    code = run([*words, "-o", "json"])
    content = json.loads(capsys.readouterr().out)
    assert content["format_version"] == 1
    return code, content


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_run_writes_results_and_says_where(
    capsys: pytest.CaptureFixture[str], inputs: list[str], tmp_path: Path
) -> None:
    code, out, _ = asked(capsys, "score", "run", *inputs, "--out", str(tmp_path / "o"))
    assert code is Exit.DONE
    assert "已核算" in out
    names = {
        "results.csv",
        "receipt_lines.csv",
        "flags.csv",
        "excluded.csv",
        "grades.csv",
        "pools.csv",
        "manifest.json",
    }
    assert {file.name for file in (tmp_path / "o").iterdir()} == names
    code, content = as_json(capsys, "score", "run", *inputs, "--out", str(tmp_path / "o"))
    assert (code, content["statuses"]) == (Exit.DONE, {"不参评": 1, "已核算": 2})


@pytest.mark.parametrize(("language", "word"), [("zh", "应为"), ("en", "xpected")])
def test_run_lists_bad_rows_and_writes_nothing_unless_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, language: str, word: str
) -> None:
    given = frames()
    given["items"][1][1][4] = "thirty"
    words = ["--from", str(save(tmp_path / "bad", given=given)), "--scheme", str(save_scheme(tmp_path / "s.json"))]
    out = tmp_path / "o"
    code, _, err = asked(capsys, "--lang", language, "score", "run", *words, "--out", str(out))
    assert code is Exit.INVALID
    assert "items.csv:3" in err
    assert word in err
    assert "thirty" in err
    assert not out.exists()
    code, said, err = asked(capsys, "--lang", language, "score", "run", *words, "--out", str(out), "--skip-bad-rows")
    assert code is Exit.DONE
    assert "skipped.csv" in said
    assert "items.csv:3" in err


def test_run_says_when_a_file_was_read_as_gbk(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = save(tmp_path / "in", encoding="gb18030")
    scheme = save_scheme(tmp_path / "s.json")
    words = ["--from", str(folder), "--scheme", str(scheme), "--out", str(tmp_path / "o")]
    code, _, err = asked(capsys, "score", "run", *words)
    assert code is Exit.DONE
    assert "GB18030" in err


def test_explain_takes_a_code_or_the_key_of_an_appraisal(
    capsys: pytest.CaptureFixture[str], inputs: list[str], stored: Path
) -> None:
    code, out, _ = asked(capsys, "score", "explain", "E1", *inputs)
    assert code is Exit.DONE
    assert out.startswith("结果 95.88 · 等级 S")
    assert asked(capsys, "score", "explain", "[2026Q1|E1]", "--run", RUN) == (code, out, "")
    assert asked(capsys, "score", "explain", "E1", "--run", "latest")[1] == out
    code, content = as_json(capsys, "score", "explain", "E1", "--run", RUN)
    assert (content["result"], content["source"]) == ("95.880000", RUN)
    counted = [line for line in content["receipt"] if line["level"] == 1]
    assert {line["part"] for line in counted} >= {"kpi", "review", "points"}


@pytest.mark.parametrize("person", ["E99", "[2026Q1|D:E1]", "[2026Q1]"])
def test_explain_of_nobody_is_refused(capsys: pytest.CaptureFixture[str], stored: Path, person: str) -> None:
    code, out, err = asked(capsys, "score", "explain", person, "--run", RUN)
    assert (code, out) == (Exit.INVALID, "")
    assert err


def test_explain_refuses_a_key_of_another_cycle(capsys: pytest.CaptureFixture[str], stored: Path) -> None:
    assert asked(capsys, "score", "explain", "[2026Q1|E1]", "--cycle", "2026Q2", "--run", RUN)[0] is Exit.INVALID


def test_simulate_shows_who_moves_and_touches_nothing(
    capsys: pytest.CaptureFixture[str], stored: Path, home: Path
) -> None:
    before = snapshot(home)
    code, out, _ = asked(capsys, "score", "simulate", *HALF)
    assert code is Exit.DONE
    assert "王小明" in out
    assert "S → A" in out
    assert "李娜" not in out
    assert "李娜" in asked(capsys, "score", "simulate", RUN, *HALF, "--all")[1]
    code, content = as_json(capsys, "score", "simulate", RUN, *HALF)
    assert (content["moved"], content["regraded"]) == (2, 1)
    assert content["grades"]["person"]["S"] == {"before": 1, "after": 0}
    assert snapshot(home) == before


def test_simulate_works_on_files_with_another_scheme_and_another_input(
    capsys: pytest.CaptureFixture[str], inputs: list[str], tmp_path: Path
) -> None:
    other = save_scheme(tmp_path / "other.yaml", {**SCHEME, "parts": {"kpi_weight": "100"}})
    assert as_json(capsys, "score", "simulate", *inputs, "--change-to", str(other))[1]["moved"] == 2
    save_csv(
        tmp_path / "points.csv", ["kind", "subject", "type", "points", "status"], [["个人", "E2", "加分", 9, "已批"]]
    )
    found = as_json(capsys, "score", "simulate", *inputs, "--with", str(tmp_path / "points.csv"))[1]
    assert {move["subject"]: move["difference"] for move in found["moves"]} == {"E1": "-2.000000", "E2": "9.000000"}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--set", "nothing"],
        ["--set", "parts.nothing.at=1"],
        [*HALF, "--only", "none"],
        [*HALF, "--from", "only-a-folder"],
    ],
)
def test_simulate_refuses_what_it_cannot_suppose(
    capsys: pytest.CaptureFixture[str], stored: Path, words: list[str]
) -> None:
    code, out, err = asked(capsys, "score", "simulate", *words)
    assert (code, out) == (Exit.INVALID, "")
    assert "exchange." not in err


def test_replay_of_an_untouched_run_is_equal(capsys: pytest.CaptureFixture[str], stored: Path, home: Path) -> None:
    before = snapshot(home)
    code, out, _ = asked(capsys, "score", "replay", RUN)
    assert code is Exit.DONE
    assert "逐字节相同" in out
    code, content = as_json(capsys, "score", "replay", "latest")
    assert (content["is_equal"], content["is_input_intact"], content["files"]) == (True, True, 6)
    assert snapshot(home) == before


def test_replay_finds_a_changed_byte_of_the_results(capsys: pytest.CaptureFixture[str], stored: Path) -> None:
    file = stored / "results" / "results.csv"
    file.write_bytes(file.read_bytes().replace(b"95.88,", b"95.89,"))
    code, out, _ = asked(capsys, "score", "replay", RUN)
    assert code is Exit.ERROR
    assert "results.csv:2" in out


def test_replay_finds_changed_inputs(capsys: pytest.CaptureFixture[str], stored: Path) -> None:
    file = stored / "extract" / "items.csv"
    file.write_bytes(file.read_bytes().replace(b"1120000", b"1130000"))
    code, content = as_json(capsys, "score", "replay", RUN)
    assert (code, content["is_equal"], content["is_input_intact"]) == (Exit.ERROR, False, False)


def test_replay_of_a_folder_of_results(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, out = save(tmp_path / "in"), tmp_path / "out"
    scheme = save_scheme(tmp_path / "scheme.yaml")
    asked(capsys, "score", "run", "--from", str(folder), "--scheme", str(scheme), "--out", str(out))
    code, said, _ = asked(capsys, "score", "replay", str(out))
    assert code is Exit.DONE
    assert "逐字节相同" in said
    (out / "results.csv").write_bytes((out / "results.csv").read_bytes().replace(b"95.88,", b"95.89,"))
    code, content = as_json(capsys, "score", "replay", str(out), "--from", str(folder))
    assert (code, content["is_equal"], content["is_input_intact"]) == (Exit.ERROR, False, True)
    code, _, err = asked(capsys, "score", "replay", str(folder), "--from", str(folder))
    assert code is Exit.INVALID
    assert "manifest.json" in err


def test_replay_of_no_run_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "score", "replay", "none")[0] is Exit.INVALID


@pytest.mark.parametrize("language", ["zh", "en"])
def test_files_lists_names_and_columns_in_both_languages(capsys: pytest.CaptureFixture[str], language: str) -> None:
    code, out, _ = asked(capsys, "--lang", language, "score", "files")
    assert code is Exit.DONE
    assert "考核指标" in out
    assert "receipt_lines" in out
    assert "人工分" in asked(capsys, "--lang", language, "score", "files", "考核指标")[1]
    assert "unrounded" in asked(capsys, "--lang", language, "score", "files", "结果")[1]
    assert asked(capsys, "--lang", language, "score", "files", "none")[0] is Exit.INVALID
    assert len(as_json(capsys, "score", "files")[1]["inputs"]) > 15


def rated(tmp_path: Path) -> list[str]:
    scheme = save_scheme(tmp_path / "ratings.yaml", ratings.SCHEME)
    return ["--from", str(ratings.save_ratings(tmp_path / "rated")), "--scheme", str(scheme)]


def test_analyse_says_it_is_advisory_and_who_would_move(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = asked(capsys, "score", "analyse", *rated(tmp_path), "--fairness")
    assert code is Exit.DONE
    assert all(word in out for word in ("仅供参考", "收缩估计", "等级变动", "这是筛查, 不是结论"))
    code, content = as_json(capsys, "score", "analyse", *rated(tmp_path), "--out", str(tmp_path / "o"))
    assert (content["advisory"], content["raters"], set(content["adjusted"])) == (True, 4, {"l2", "l3"})
    assert (tmp_path / "o" / "rater_severity.csv").exists()
    code, out, _ = asked(capsys, "--lang", "en", "score", "analyse", *rated(tmp_path))
    assert "advisory" in out


def test_adopt_then_simulate_then_export(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--name", "q1", "--approver", "E-hr", "--out", str(tmp_path / "s")]
    code, content = as_json(capsys, "score", "adopt", *rated(tmp_path), *words)
    assert (code, content["raters"], content["snapshot"][:3]) == (Exit.DONE, 4, "q1#")
    other = ["--name", "q2", "--approver", "E-hr", "--out", str(tmp_path / "t")]
    code, out, _ = asked(capsys, "score", "adopt", *rated(tmp_path), *other)
    assert "severity: {mode: adopt, snapshot:" in out.replace("\n  ", "")
    code, _, err = asked(capsys, "score", "adopt", *rated(tmp_path), *words)
    assert (code, "不会覆盖" in err) == (Exit.INVALID, True)
    code, out, _ = asked(capsys, "score", "simulate", *rated(tmp_path), "--adjust", "l3")
    assert (code, "等级变化" in out) == (Exit.DONE, True)
    mine = tmp_path / "mine.xlsx"
    code, out, _ = asked(capsys, "score", "export", "E01", *rated(tmp_path), "--out", str(mine))
    assert (code, mine.exists(), "只交给本人" in out) == (Exit.DONE, True, True)


def test_run_writes_the_analysis_when_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = [*rated(tmp_path), "--out", str(tmp_path / "o"), "--analysis", "--fairness", "--header", "zh"]
    assert asked(capsys, "score", "run", *words)[0] is Exit.DONE
    names = {file.stem for file in (tmp_path / "o").iterdir()}
    assert {"rater_severity", "reliability", "hints", "averages", "fairness"} <= names
