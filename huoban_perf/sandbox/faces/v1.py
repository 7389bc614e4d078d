"""``/openapi/v1``: let a request in, run its call, answer in the envelope; faults strike here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Request, Response, request

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.faces.answers import envelope, page_of_html, refusal
from huoban_perf.sandbox.faces.endpoints import Incoming, Upload
from huoban_perf.sandbox.faces.routes import Route, route_of
from huoban_perf.sandbox.faults import Fault, FaultBook
from huoban_perf.sandbox.throttle import Throttle
from huoban_perf.sandbox.world.keys import Key
from huoban_perf.sandbox.world.refusals import (
    AccessRefusedError,
    BrokenError,
    ParameterError,
    RefusalError,
    ThrottledError,
    UnknownCallError,
)
from huoban_perf.sandbox.world.state import Call, World

BASE = "/openapi/v1"
ABANDON = "huoban_perf.sandbox.abandon"
"""Key in the WSGI environment by which a fault asks the server not to answer: ``cut`` or ``silence``."""
_VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What every request passes on its way in.

    Attributes:
        world: Where calls happen.
        faults: What was asked to go wrong.
        throttle: Counts a key's requests.
        after_call: Told after each call, so that callbacks are pushed.
        push_anywhere: Whether callbacks may leave this machine.
    """

    world: World
    faults: FaultBook
    throttle: Throttle
    after_call: Callable[[], None]
    push_anywhere: bool = False

    def answer(self, incoming: Request, path: str) -> Response:
        """Return the answer to a request below the base."""
        world = self.world
        route, object_id = route_of(method=incoming.method, path=path, rules=world.rules)
        fault = self.faults.strike(method=incoming.method, path=path, is_bulk=route is not None and route.is_bulk)
        name = route.name if route is not None else "unknown"
        body = _read(incoming)
        call: Call | None = None
        try:
            with world.call(name, writes=route is not None and route.writes) as call:
                key = self._let_in(incoming, world)
                _strike_before(fault)
                if route is None:
                    raise UnknownCallError
                data = route.handler(
                    Incoming(
                        world=world,
                        call=call,
                        key=key,
                        body=body(),
                        object_id=object_id,
                        upload=_upload(incoming, route),
                        fault=fault,
                    )
                )
        except RefusalError as error:
            if call is None:
                raise
            return _refused(error, fault, call, incoming)
        except UnicodeEncodeError:
            return refusal(ParameterError("body", "half a character"), rules=world.rules, trace_id="0" * 16)
        finally:
            self.after_call()
        if fault is not None and fault.kind in {"timeout_after_effect", "cut_connection"}:
            incoming.environ[ABANDON] = "silence" if fault.kind == "timeout_after_effect" else "cut"
        return envelope(data, trace_id=call.trace_id)

    def _let_in(self, incoming: Request, world: World) -> Key:
        """Source: openapi-v1.md §1 [doc, code]; tolerance of a bare key is the switch ``bare_key``."""
        header = incoming.headers.get("Open-Authorization", "")
        scheme, _, rest = header.partition(" ")
        if scheme != "Bearer":
            if world.rules.bare_key == "refuse":
                raise AccessRefusedError
            if header:
                _log.warning("a key came without 'Bearer '")
        key = world.keys.recognise(rest.strip() if scheme == "Bearer" else header)
        if not self.throttle.allows(key.key_id, per_second=world.per_second):
            raise ThrottledError
        return key


def _read(incoming: Request) -> Callable[[], dict[str, Any]]:
    """Parse the body before the world is locked; a mistake in it is raised inside the call."""
    if incoming.mimetype == "multipart/form-data":
        return dict
    try:
        body = dict(wire.body_of(incoming.get_data()))
    except ParameterError as error:
        mistake = error

        def fail() -> dict[str, Any]:
            raise mistake

        return fail
    return lambda: body


def _upload(incoming: Request, route: Route) -> Upload | None:
    if not route.name.endswith("/file/upload"):
        return None
    source = incoming.files.get("source")
    return Upload(
        sort=incoming.form.get("type", ""),
        name=incoming.form.get("name", ""),
        content=None if source is None else source.read(),
    )


class _StruckError(RefusalError):
    """The fault strikes before any effect."""


def _strike_before(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.kind == "throttle":
        raise ThrottledError
    if fault.kind == "http_5xx_envelope":
        raise BrokenError
    if fault.kind == "html" or (fault.kind == "cut_connection" and not fault.after_effect):
        raise _StruckError


def _refused(error: RefusalError, fault: Fault | None, call: Call, incoming: Request) -> Response:
    if isinstance(error, _StruckError):
        if fault is not None and fault.kind == "cut_connection":
            incoming.environ[ABANDON] = "cut"
        return page_of_html()
    return refusal(error, rules=call.rules, trace_id=call.trace_id)


def v1_face(gate: Gate) -> Blueprint:
    """Return the platform's face.

    Args:
        gate: Way in to the world.
    """
    face = Blueprint("v1", __name__, url_prefix=BASE)

    @face.route("/<path:rest>", methods=_VERBS)
    def answer(rest: str) -> Response:
        return gate.answer(request, f"/{rest}")

    return face
