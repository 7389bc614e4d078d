"""What the planes beside v1 share: faults, the frame of a call, and how refusals are numbered.

Every answer carries ``X-Sandbox-Fidelity: recovered`` or ``inferred``, so that no test can mistake it for documented
behaviour (schema-plane.md §15.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import Request, Response

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.asked import Body
from huoban_perf.sandbox.faces.answers import meaning_of, page_of_html
from huoban_perf.sandbox.faces.v1 import ABANDON, Gate
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.credentials import Credential
from huoban_perf.sandbox.world.refusals import (
    AccessRefusedError,
    BrokenError,
    GoneError,
    NotAdminError,
    ParameterError,
    RefusalError,
    ThrottledError,
    UnknownCallError,
)
from huoban_perf.sandbox.world.state import Call, World

FIDELITY = "X-Sandbox-Fidelity"
VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
Fidelity = Literal["recovered", "inferred"]
NOT_ADMIN = (9600001, "非工作区或表格管理员，无权管理触发器")
"""Source: schema-plane.md §2 [verified by practitioners S6] on the gateway; the same on v2 is [inferred]."""
_STATUS: tuple[tuple[type[RefusalError], int], ...] = (
    (AccessRefusedError, 401),
    (NotAdminError, 403),
    (GoneError, 404),
    (UnknownCallError, 404),
    (ParameterError, 400),
)
"""Source: schema-plane.md §2 [code S2 S4 S5] for the statuses; which refusal has which is [inferred]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneCall:
    """One request to a plane that has been let in.

    Attributes:
        world: The world, inside a call.
        call: Trace id and rules.
        credential: Who asks.
        body: JSON object of the body.
        words: Variable parts of the path, in order.
        company: The header ``x-huoban-token-company``, or empty.
        query: Parameters after the question mark.
    """

    world: World
    call: Call
    credential: Credential
    body: Body
    words: tuple[str, ...]
    company: str
    query: Mapping[str, str]

    @property
    def ids(self) -> tuple[int, ...]:
        """The variable parts of the path, which are ids."""
        return tuple(int(word) for word in self.words)

    @property
    def rules(self) -> Rules:
        """How the plane behaves."""
        return self.call.rules

    def may_see(self, space_id: int) -> None:
        """Let through who reaches a workspace. Source: schema-plane.md §15.4; switch ``v2_outside``."""
        if space_id not in self.credential.rights:
            raise NotAdminError if self.rules.v2_outside == "forbidden" else GoneError

    def may_build(self, space_id: int) -> None:
        """Let through who may change what a workspace is made of. Source: schema-plane.md §2 [verified S6]."""
        self.may_see(space_id)
        if not self.credential.rights[space_id]:
            raise NotAdminError


Handler = Callable[[PlaneCall], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneRoute:
    """One call of a plane.

    Attributes:
        name: As statistics show it.
        writes: Whether it changes anything when accepted.
        fidelity: How sure its success is.
        handler: What carries it out.
    """

    name: str
    writes: bool
    fidelity: Fidelity
    handler: Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """What differs between planes.

    Attributes:
        gate: Way in to the world, with the faults.
        let_in: Recognises who asks; raises a refusal.
        succeeded: Puts a payload into an answer.
        refused: Puts a code and text into an answer with a status.
    """

    gate: Gate
    let_in: Callable[[Request, World], Credential]
    succeeded: Callable[[Any, Call], Response]
    refused: Callable[[RefusalError, Call], Response]

    def answer(self, incoming: Request, route: PlaneRoute | None, words: tuple[str, ...]) -> Response:
        """Return the answer to a request."""
        world = self.gate.world
        fault = self.gate.faults.strike(method=incoming.method, path=incoming.path, is_bulk=False)
        call: Call | None = None
        try:
            name, writes = (route.name, route.writes) if route is not None else (f"unknown {incoming.path[:4]}", False)
            with world.call(name, writes=writes) as call:
                if fault is not None and fault.kind in {"throttle", "http_5xx_envelope"}:
                    raise ThrottledError if fault.kind == "throttle" else BrokenError
                if fault is not None and fault.kind == "cut_connection" and not fault.after_effect:
                    incoming.environ[ABANDON] = "cut"
                    raise BrokenError
                if fault is not None and fault.kind == "html":
                    return page_of_html()
                credential = self.let_in(incoming, world)
                if route is None:
                    raise UnknownCallError
                data = route.handler(_asked(incoming, world, call, credential, words))
        except RefusalError as error:
            if call is None:
                raise
            return self.refused(error, call)
        finally:
            self.gate.after_call()
        if fault is not None and fault.kind in {"timeout_after_effect", "cut_connection"}:
            incoming.environ[ABANDON] = "silence" if fault.kind == "timeout_after_effect" else "cut"
        response = self.succeeded(data, call)
        response.headers[FIDELITY] = route.fidelity
        return response


def _asked(incoming: Request, world: World, call: Call, credential: Credential, words: tuple[str, ...]) -> PlaneCall:
    return PlaneCall(
        world=world,
        call=call,
        credential=credential,
        body=wire.body_of(incoming.get_data()),
        words=words,
        company=incoming.headers.get("x-huoban-token-company", ""),
        query=incoming.args,
    )


def code_of(error: RefusalError, rules: Rules) -> tuple[int, str]:
    """Return code and text of a refusal beside v1; where v1 has a number for it, the same (same data engine)."""
    return NOT_ADMIN if isinstance(error, NotAdminError) else meaning_of(error, rules)


def status_of(error: RefusalError, rules: Rules) -> int:
    """Return the HTTP status of a refusal. Switch ``plane_error_status``."""
    if isinstance(error, ThrottledError):
        return 429
    if isinstance(error, BrokenError) or rules.plane_error_status == "5xx":
        return 500
    if rules.plane_error_status == "200":
        return 200
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def refusal_response(body: Mapping[str, Any], status: int) -> Response:
    """Return a refusal; nothing about refusals beside v1 is more than recovered in outline."""
    response = Response(wire.write(dict(body)).encode(), status=status, mimetype="application/json")
    response.headers[FIDELITY] = "inferred"
    if status == 429:
        response.headers["Retry-After"] = "1"
    return response
