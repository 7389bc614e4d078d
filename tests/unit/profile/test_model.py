from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.cli.texts import error_lines
from huoban_perf.core.errors import ProfileError
from huoban_perf.profile import Profile, load_profile


def load(home: Path, text: str | bytes | None, name: str | None = "production", **environ: str) -> Profile:
    if text is not None:
        content = text.encode() if isinstance(text, str) else text
        (home / "profiles.yaml").write_bytes(content)
    return load_profile(name, environ={"HUOBAN_PERF_HOME": str(home), **environ})


def refused(home: Path, text: str | bytes | None, name: str | None = "production") -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load(home, text, name)
    return error_lines(caught.value, locale="zh")


def test_without_a_file_there_is_the_embedded_workspace(tmp_path: Path) -> None:
    profile = load(tmp_path, None, None)
    assert (profile.name, profile.platform, profile.planes, profile.rate_per_s) == (
        "sandbox", "sandbox", ("v1", "builder"), None
    )  # fmt: skip
    assert profile.world_file == tmp_path / "sandbox" / "world.sqlite"
    assert (profile.state_dir, profile.runs_dir) == (tmp_path / "state", tmp_path / "runs")
    assert load_profile(None, environ={}).home == Path(".huoban_perf")


def test_profile_of_the_file_is_read(tmp_path: Path) -> None:
    profile = load(
        tmp_path,
        """profiles:
  production:
    platform: huoban
    workspace: "4000000000000001"
    api_key: {env: HUOBAN_API_KEY}
    rate_per_s: 5
""",
    )
    assert (profile.name, profile.platform, profile.workspace) == ("production", "huoban", "4000000000000001")
    assert (profile.planes, profile.rate_per_s, profile.home) == (("v1",), Decimal(5), tmp_path)
    assert profile.api_key is not None
    assert profile.api_key.env == "HUOBAN_API_KEY"


def test_variable_names_the_profile_and_the_option_wins(tmp_path: Path) -> None:
    text = "profiles:\n  a: {workspace: 甲}\n  b: {workspace: 乙}\n"
    assert load(tmp_path, text, None, HUOBAN_PERF_PROFILE="b").workspace == "乙"
    assert load(tmp_path, text, "a", HUOBAN_PERF_PROFILE="b").workspace == "甲"


def test_embedded_workspace_may_be_changed_in_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "profiles: {sandbox: {planes: [v1]}}", None).planes == ("v1",)


def test_unknown_profile_names_the_file_and_those_there_are(tmp_path: Path) -> None:
    lines = refused(tmp_path, "profiles: {test: {}}")
    assert len(lines) == 1
    assert "production" in lines[0]
    assert "profiles.yaml" in lines[0]
    assert "sandbox、test" in lines[0]


def test_every_fault_is_listed_in_chinese_with_its_line_and_no_value(tmp_path: Path) -> None:
    lines = refused(
        tmp_path,
        """profiles:
  production:
    platfrom: huoban
    platform: feishu
    workspace: 4000000000000001
    planes: [v1, web]
    api_key: {env: s3cr3t-key}
    rate_per_s: fast
    locale: zh
    base_url: [x]
""",
    )
    said = "\n".join(lines[1:])
    assert len(lines) == 8
    for place, words in {
        ":3 ": "不认识 platfrom", ":4 ": "sandbox、huoban", ":5 ": "请加引号", ":6 ": "v1、builder",
        ":7 ": "环境变量的名字", ":8 ": "应为一个数", ":10 ": "应为文字",
    }.items():  # fmt: skip
        assert any(f"profiles.yaml{place}production" in line and words in line for line in lines), (place, said)
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("profiles:\n  production: {platform: huoban\n", 3, "YAML"),
        ("profiles:\n\tproduction: {}\n", 2, "YAML"),
        ("- production\n", 1, "profiles:"),
        ("profile: {production: {}}\n", 1, "profiles:"),
        ("profiles: {production: huoban}\n", 1, "profiles:"),
        ("", 1, "profiles:"),
    ],
)
def test_bad_file_is_told_with_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    lines = refused(tmp_path, text)
    assert f"profiles.yaml:{line}" in lines[1]
    assert words in lines[1]


def test_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    assert "UTF-8" in refused(tmp_path, "profiles: {甲: {}}".encode("gbk"))[1]


@pytest.mark.parametrize(("entry", "words"), [("api_key: HUOBAN", "「键: 值」"), ("api_key: {}", "缺少 api_key.env")])
def test_key_is_named_never_given(tmp_path: Path, entry: str, words: str) -> None:
    assert words in refused(tmp_path, f"profiles: {{production: {{{entry}}}}}")[1]


def test_planes_that_are_no_list(tmp_path: Path) -> None:
    assert "应为列表" in refused(tmp_path, "profiles: {production: {planes: 3}}")[1]
