"""The profile file: one entry an environment (test, production, a subsidiary)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huoban_perf.core.errors import Problem, ProfileError
from huoban_perf.profile.faults import profile_problems

DEFAULT = "sandbox"
"""The profile that needs no file: the embedded workspace."""

_FILE = "profiles.yaml"


class ApiKeyRef(BaseModel):
    """Where the key is to be found; never the key itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")


class ApplicationRef(BaseModel):
    """Where id and secret of an enterprise application are to be found; it gets its own tickets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: ApiKeyRef
    secret: ApiKeyRef


class V2Ref(BaseModel):
    """Where the identity of the v2 tables plane is: a ticket, an application, or the token of a signed-in person.

    Attributes:
        ticket: Variable that holds a ticket; HUOBAN_TICKET when nothing is named.
        application: Variables of an application's id and secret.
        token: Variable that holds a login token.
        relations: Whether relation fields may be created too; their form is the least proven.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticket: ApiKeyRef | None = None
    application: ApplicationRef | None = None
    token: ApiKeyRef | None = None
    relations: bool = False


class GatewayRef(BaseModel):
    """Where the three headers of a signed-in administrator are to be found; short-lived, personal, full power.

    Attributes:
        token: Variable of the access token.
        tenant_id: Variable of ``x-huoban-tenant-id``.
        token_company: Variable of ``x-huoban-token-company``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: ApiKeyRef = ApiKeyRef(env="HB_ACCESS_TOKEN")
    tenant_id: ApiKeyRef = ApiKeyRef(env="HB_TENANT_ID")
    token_company: ApiKeyRef = ApiKeyRef(env="HB_TOKEN_COMPANY")


class RobotRef(BaseModel):
    """A group robot.

    Attributes:
        robot: Whose robot.
        group: Name of the group here: ``admin``, ``hr`` or any other; notices go to ``group:<name>``.
        url: Variable that holds the robot's address.
        secret: Variable of its signing secret, for robots that sign.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    robot: Literal["wecom", "dingtalk", "feishu"]
    group: str
    url: ApiKeyRef
    secret: ApiKeyRef | None = None


class MailRef(BaseModel):
    """A mail server.

    Attributes:
        host: Its name.
        port: Its port.
        sender: Address in From.
        addresses: CSV file with the columns ``member`` and ``mail``.
        security: How the connection is secured.
        user: Account, or empty.
        password: Variable of its password.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int = 587
    sender: str
    addresses: Path
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: ApiKeyRef | None = None


class ScheduleRef(BaseModel):
    """When a job runs; replaces the job's own time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: str
    cron: str
    zone: str = "Asia/Shanghai"
    catch_up: Literal["latest", "all", "none"] = "latest"


class SourceRef(BaseModel):
    """Where a job reads when nobody names a file, so that the service's schedule can run it.

    Attributes:
        from_: ``org-sync``: people (.csv, .xlsx) or a mapping (.yaml); ``collect``: a mapping (.yaml).
        departments: ``org-sync``: departments, beside a file of people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: Path = Field(alias="from")
    departments: Path | None = None

    @property
    def options(self) -> dict[str, str]:
        """The options of ``job run`` that say the same."""
        named = {"from": self.from_, "departments": self.departments}
        return {name: str(file) for name, file in named.items() if file is not None}


class Profile(BaseModel):
    """One environment.

    Attributes:
        name: The profile's name.
        platform: ``sandbox`` is the embedded workspace; ``huoban`` a workspace reached over the network; ``nocodb`` a
            base of a NocoDB server.
        base_url: Root of the API; None takes the platform's own, for NocoDB the server that ``nocodb up`` started.
        workspace: Id or exact name of the workspace.
        planes: Which interfaces may be used; everything but v1 is off unless named here.
        api_key: Where the key is.
        v2: Where the identity of the plane ``v2`` is (recovered, not documented).
        gateway: Where the identity of the plane ``gateway`` is (recovered, not documented).
        token: Where the token of a NocoDB server is.
        locale: Language in which names are deployed.
        template: Key of the app template, or a folder.
        parameters: Parameter file of the company; None takes the template's own.
        names: Mapping file with the company's own names; None: those of the template.
        shared: Folder of state and snapshots that several admins share; None: inside ``home``.
        home: Folder for state, runs and the embedded workspace; holds personal data.
        notices: Ways out for notices, in order.
        schedules: Times of jobs that differ from the program's own; an empty ``cron`` turns a job's schedule off.
        sources: Job → where it reads when nobody names a file.
        days_off: Days the company does not work although the national calendar does.
        days_on: Days it works although the calendar does not.
        rate_per_s: Requests a second; None lifts the limit (embedded workspace only).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = DEFAULT
    platform: Literal["sandbox", "huoban", "nocodb"] = "sandbox"
    base_url: str | None = None
    workspace: str = "绩效管理"
    planes: tuple[Literal["v1", "builder", "v2", "gateway"], ...] = ("v1",)
    api_key: ApiKeyRef | None = None
    v2: V2Ref = V2Ref()
    gateway: GatewayRef = GatewayRef()
    token: ApiKeyRef | None = None
    notices: tuple[RobotRef | MailRef, ...] = ()
    schedules: tuple[ScheduleRef, ...] = ()
    sources: Mapping[Literal["org-sync", "collect"], SourceRef] = Field(default_factory=dict)
    days_off: tuple[date, ...] = ()
    days_on: tuple[date, ...] = ()
    locale: Literal["zh", "en"] = "zh"
    template: str = "performance"
    parameters: Path | None = None
    names: Path | None = None
    shared: Path | None = None
    home: Path = Path(".huoban_perf")
    rate_per_s: Decimal | None = Decimal(10)

    def options_of(self, job: str) -> dict[str, str]:
        """Return the options that a job is run with when nobody names a file."""
        return next((source.options for name, source in self.sources.items() if name == job), {})

    @property
    def world_file(self) -> Path:
        """The embedded workspace's file."""
        return self.home / "sandbox" / "world.sqlite"

    @property
    def server_dir(self) -> Path:
        """Folder of one's own NocoDB: data, log and secrets."""
        return self.home / "nocodb"

    @property
    def state_dir(self) -> Path:
        """Folder of the state files."""
        return (self.shared or self.home) / "state"

    @property
    def snapshots_dir(self) -> Path:
        """Folder of what was put aside before data was lost; holds personal data."""
        return (self.shared or self.home) / "snapshots"

    @property
    def runs_dir(self) -> Path:
        """Folder of the stored runs."""
        return self.home / "runs"


def load_profile(name: str | None, *, environ: Mapping[str, str]) -> Profile:
    """Return a profile by name.

    Args:
        name: The profile; None takes HUOBAN_PERF_PROFILE, else the embedded workspace.
        environ: The environment; HUOBAN_PERF_HOME moves the folder of state, runs and profiles.

    Returns:
        The checked profile.

    Raises:
        ProfileError: The file or the profile is missing, or a value is not valid; every fault is listed.
    """
    wanted = name or environ.get("HUOBAN_PERF_PROFILE") or DEFAULT
    home = Path(environ.get("HUOBAN_PERF_HOME", ".huoban_perf"))
    file = home / _FILE
    entries = _read(file)
    if wanted not in entries:
        if wanted == DEFAULT:
            return Profile(home=home, planes=("v1", "builder"), rate_per_s=None)
        known = tuple(sorted({DEFAULT, *entries}))
        raise ProfileError("profile.not_found", facts={"profile": wanted, "file": str(file), "known": known})
    try:
        return Profile.model_validate({"home": home, **entries[wanted], "name": wanted})
    except ValidationError as error:
        raise ProfileError(
            "profile.invalid", facts={"file": str(file)}, problems=profile_problems(error, file=file, profile=wanted)
        ) from error


def _read(file: Path) -> Mapping[str, Mapping[str, object]]:
    if not file.exists():
        return {}
    problem = Problem(code="profile.shape", file=str(file), line=1)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or "?")
        line = mark.line + 1 if mark is not None else None
        problem = Problem(code="profile.not_yaml", facts={"reason": reason}, file=str(file), line=line)
        raise ProfileError("profile.invalid", facts={"file": str(file)}, problems=[problem]) from error
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(code="profile.unreadable", file=str(file))
        raise ProfileError("profile.invalid", facts={"file": str(file)}, problems=[problem]) from error
    entries = content.get("profiles") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise ProfileError("profile.invalid", facts={"file": str(file)}, problems=[problem])
    return {str(name): {str(key): value for key, value in entry.items()} for name, entry in entries.items()}
