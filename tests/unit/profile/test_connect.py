from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from huoban_perf.cli.texts import error_lines
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import AccessError, NotFoundError, ProfileError
from huoban_perf.profile import Profile, connect, environment, forget_world, load_profile, serve_world
from huoban_perf.profile.model import ApiKeyRef, ApplicationRef, V2Ref
from huoban_perf.profile.planes import access_from

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from huoban_perf.sandbox import open_world
world = open_world(Path(sys.argv[1]), start=datetime(2026, 10, 8, tzinfo=UTC), seed=1)
print("held", flush=True)
sys.stdin.read()
world.close()
"""


def embedded(home: Path) -> Profile:
    return load_profile(None, environ={"HUOBAN_PERF_HOME": str(home)})


def test_second_connection_finds_the_same_workspace(tmp_path: Path) -> None:
    profile = embedded(tmp_path)
    with connect(profile, clock=SystemClock(), environ={}) as first:
        assert first.control is not None
        member = first.control.build_member(first.workspace, name="王芳")
    with connect(profile, clock=SystemClock(), environ={}) as second:
        assert second.workspace == first.workspace
        members = list(second.connection.member_source.members(workspace=second.workspace))
    assert [entry.name for entry in members if entry.member_id == member] == ["王芳"]
    assert profile.world_file.exists()


def test_rate_limit_stays_when_the_profile_names_one(tmp_path: Path) -> None:
    profile = embedded(tmp_path).model_copy(update={"rate_per_s": 50})
    with connect(profile, clock=SystemClock(), environ={}) as site:
        assert site.connection.schema_source.observe(workspace=site.workspace).tables == ()


def test_world_that_another_process_uses_is_refused(tmp_path: Path) -> None:
    profile = embedded(tmp_path)
    profile.world_file.parent.mkdir(parents=True)
    command = [sys.executable, "-c", HOLD, str(profile.world_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ProfileError) as caught, connect(profile, clock=SystemClock(), environ={}):
            pass
        holder.communicate("")
    assert caught.value.code == "sandbox.world_in_use"
    assert str(profile.world_file) in error_lines(caught.value, locale="zh")[0]
    with connect(profile, clock=SystemClock(), environ={}) as site:
        assert site.workspace


def test_file_that_is_no_world_is_refused_and_left_alone(tmp_path: Path) -> None:
    profile = embedded(tmp_path)
    profile.world_file.parent.mkdir(parents=True)
    profile.world_file.write_text("not a database, rather long to be sure " * 50, encoding="utf-8")
    before = profile.world_file.read_bytes()
    with pytest.raises(ProfileError), connect(profile, clock=SystemClock(), environ={}):
        pass
    assert profile.world_file.read_bytes() == before


def test_forgotten_world_is_gone_with_its_bindings_and_runs_stay(tmp_path: Path) -> None:
    profile = embedded(tmp_path)
    with connect(profile, clock=SystemClock(), environ={}):
        pass
    for folder in (profile.state_dir, profile.runs_dir):
        folder.mkdir(parents=True)
    for owner in ("sandbox.4", "huoban.4"):
        (profile.state_dir / f"performance.{owner}.json").write_text("{}", encoding="utf-8")
    forget_world(profile)
    assert not profile.world_file.exists()
    assert [file.name for file in profile.state_dir.iterdir()] == ["performance.huoban.4.json"]
    assert profile.runs_dir.exists()
    forget_world(profile)


@pytest.mark.parametrize("environ", [{}, {"MY_KEY": "  "}])
def test_missing_key_names_its_variable(environ: dict[str, str]) -> None:
    profile = Profile(platform="huoban", api_key=ApiKeyRef(env="MY_KEY"))
    with pytest.raises(ProfileError) as caught, connect(profile, clock=SystemClock(), environ=environ):
        pass
    assert caught.value.facts == {"variable": "MY_KEY"}


def test_key_variable_has_a_usual_name() -> None:
    with pytest.raises(ProfileError) as caught, connect(Profile(platform="huoban"), clock=SystemClock(), environ={}):
        pass
    assert caught.value.facts == {"variable": "HUOBAN_API_KEY"}


def test_remote_workspace_by_name_and_refusals(tmp_path: Path) -> None:
    home = embedded(tmp_path)
    with connect(home, clock=SystemClock(), environ={}) as site:
        assert site.control is not None
        key = site.control.mint_key(site.workspace)
    with serve_world(home) as url:
        remote = Profile(platform="huoban", base_url=f"{url}/openapi/v1", workspace="绩效管理")
        with connect(remote, clock=SystemClock(), environ={"HUOBAN_API_KEY": key}) as found:
            assert found.workspace == site.workspace
            assert found.control is None
        with pytest.raises(AccessError), connect(remote, clock=SystemClock(), environ={"HUOBAN_API_KEY": "x" * 40}):
            pass
        elsewhere = remote.model_copy(update={"workspace": "别处"})
        with (
            pytest.raises(NotFoundError) as caught,
            connect(elsewhere, clock=SystemClock(), environ={"HUOBAN_API_KEY": key}),
        ):
            pass
    assert "绩效管理" in str(caught.value.facts["known"])


def test_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUOBAN_PERF_LANG", "en")
    assert environment()["HUOBAN_PERF_LANG"] == "en"


def test_embedded_workspace_gives_out_identities_for_the_planes_that_are_on(tmp_path: Path) -> None:
    profile = embedded(tmp_path).model_copy(update={"planes": ("v1", "v2", "gateway")})
    with connect(profile, clock=SystemClock(), environ={}) as site:
        assert site.connection.prober is not None
        verdicts = [finding.verdict.value for finding in site.connection.prober.probe(workspace=site.workspace)]
        assert verdicts == ["proven", "not_proven"] * 3
        assert site.control is not None
        assert [space["name"] for space in site.control.workspaces()] == [profile.workspace]


@pytest.mark.parametrize(
    ("planes", "v2", "environ", "code"),
    [
        (("v1", "v2"), V2Ref(), {}, "profile.identity_missing"),
        (("v1", "v2"), V2Ref(token=ApiKeyRef(env="T")), {"HUOBAN_TICKET": "t"}, "profile.identity_missing"),
        (("v1", "gateway"), V2Ref(), {"HB_ACCESS_TOKEN": "a", "HB_TENANT_ID": "1"}, "profile.identity_missing"),
        (("v1", "v2"), V2Ref(token=ApiKeyRef(env="T"), ticket=ApiKeyRef(env="U")), {}, "profile.ticket_or_token"),
    ],
)
def test_identity_of_a_plane_is_asked_for_before_anything_is_sent(
    planes: tuple[str, ...], v2: V2Ref, environ: dict[str, str], code: str
) -> None:
    profile = Profile(platform="huoban", planes=planes, v2=v2)  # type: ignore[arg-type]
    with pytest.raises(ProfileError) as caught:
        access_from(profile, environ)
    assert caught.value.code == code


def test_application_gets_its_own_ticket_once_and_shows_neither(tmp_path: Path) -> None:
    home = embedded(tmp_path)
    with connect(home, clock=SystemClock(), environ={}) as site:
        assert site.control is not None
        key = site.control.mint_key(site.workspace)
        made = site.control.post("application", {"space_ids": [site.workspace]})
    environ = {"HUOBAN_API_KEY": key, "ID": made["application_id"], "SECRET": made["application_secret"]}
    ref = V2Ref(application=ApplicationRef(id=ApiKeyRef(env="ID"), secret=ApiKeyRef(env="SECRET")))
    with serve_world(home) as url:
        remote = Profile(platform="huoban", base_url=f"{url}/openapi/v1", planes=("v1", "v2"), v2=ref, rate_per_s=None)
        with connect(remote, clock=SystemClock(), environ=environ) as found:
            assert found.connection.prober is not None
            verdicts = [entry.verdict.value for entry in found.connection.prober.probe(workspace=found.workspace)]
            assert verdicts == ["proven", "not_proven"] * 2
            found.connection.schema_sink.check(workspace=found.workspace)  # type: ignore[attr-defined]
            assert made["application_secret"] not in repr(found)
        with connect(remote, clock=SystemClock(), environ={**environ, "SECRET": "x" * 40}) as found:
            with pytest.raises(AccessError) as caught:
                found.connection.schema_sink.check(workspace=found.workspace)  # type: ignore[attr-defined]
            assert caught.value.code == "platform.application_refused"
            assert "x" * 40 not in f"{caught.value} {caught.value.facts}"


def test_token_in_the_place_of_a_ticket_stands_in_its_own_header() -> None:
    profile = Profile(platform="huoban", planes=("v1", "v2"), v2=V2Ref(token=ApiKeyRef(env="T"), relations=True))
    access = access_from(profile, {"T": " token "})
    assert access.v2 is not None
    assert access.v2.headers() == {"Authorization": "Bearer token"}
    assert access.relations
    assert "token" not in repr(access).replace("Token", "")
