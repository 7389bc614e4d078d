"""A still clock, an in-memory server, and tables to try them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
import simplejson
from requests.structures import CaseInsensitiveDict

from huoban_perf.cli.texts import messages, text
from huoban_perf.core.addresses import Address, Bindings, RemoteId, field_address, option_address, table_address
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.platforms.huoban import HuobanConnection, HuobanOptions, connect

ROOT = "http://huoban.test/openapi/v1"
CONTROL = "http://huoban.test/_sandbox"
KEY = "SecretKey0SecretKey0SecretKey0SecretKey0"


class StillClock:
    """Time passes only by sleeping; keeps every wait."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime(2022, 3, 3, 12, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


@dataclass
class Server(requests.adapters.BaseAdapter):
    """Answers by a function of the request; keeps what was asked."""

    answer: Callable[[Asked], Any]
    asked: list[Asked] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        is_json = "json" in request.headers.get("Content-Type", "")
        body = simplejson.loads(request.body, use_decimal=True) if request.body and is_json else request.body
        asked = Asked(str(request.method), str(request.path_url), body, request.headers)
        self.asked.append(asked)
        data = self.answer(asked)
        if isinstance(data, Exception):
            raise data
        response = data if isinstance(data, requests.Response) else answered(data)
        response.request = request
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """Nothing to close."""


def answered(data: Any) -> requests.Response:
    """Return a success with a payload."""
    return raw({"code": 0, "message": "success", "data": data, "meta": {"trace_id": "1650000000000000"}})


def raw(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> requests.Response:
    """Return any answer; text and bytes stay as they are."""
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict({"Content-Type": "application/json", **(headers or {})})
    content = body if isinstance(body, str) else simplejson.dumps(body, use_decimal=True, ensure_ascii=False)
    response._content = content.encode()
    return response


def connected(
    answer: Callable[[Asked], Any], *, clock: StillClock | None = None, options: HuobanOptions | None = None
) -> tuple[HuobanConnection, Server]:
    """Return a connection to a server that answers by a function."""
    server = Server(answer)
    session = requests.Session()
    session.mount("http://", server)
    connection = connect(
        options=options or HuobanOptions(base_url=ROOT),
        api_key=KEY,
        session=session,
        clock=clock or StillClock(),
        control_url=CONTROL,
    )
    return connection, server


def table_of(*fields: tuple[str, FieldKind], key_field: str | None = "code") -> TableSpec:
    """Return a table ``t`` with a field ``code`` and others; choices have the options a, b and c."""
    specs = [FieldSpec(address=field_address("t", "code"), labels=Labels("编号", "code"), kind=FieldKind.TEXT)]
    for key, kind in fields:
        options = tuple(
            OptionSpec(address=option_address("t", key, name), labels=Labels(f"选{name}", name)) for name in "abc"
        )
        specs.append(
            FieldSpec(
                address=field_address("t", key),
                labels=Labels(f"字段{key}", key),
                kind=kind,
                options=options if kind in {FieldKind.CHOICE, FieldKind.CHOICES} else (),
            )
        )
    return TableSpec(
        address=table_address("t"), labels=Labels("表", "t"), fields=tuple(specs), title="code", key_field=key_field
    )


def bound_ids(table: TableSpec) -> Bindings:
    """Return ids for everything of a table: field n is ``f<n>``, option a is ``1``."""
    ids: dict[Address, RemoteId] = {table.address: RemoteId("2100000000000001")}
    for number, spec in enumerate(table.fields):
        ids[spec.address] = RemoteId(f"f{number}")
        for position, option in enumerate(spec.options, start=1):
            ids[option.address] = RemoteId(str(position))
    return Bindings(ids)


def said(error: HuobanPerfError) -> str:
    """Return the Chinese message of an error; fails when a fact of the message is missing or the key shows."""
    for locale in ("zh", "en"):
        template = messages()[error.code][locale]
        template.format(**error.facts)
    for problem in error.problems:
        messages()[problem.code]["zh"].format(**problem.facts)
    told = f"{error!r} {error} {error.facts} {error.__cause__!r}"
    assert KEY not in told
    return text(error.code, locale="zh", facts=error.facts)
