"""``/_sandbox/*``: our own plane beside the platform's: build, seed, dump, clock, modes, limits, faults, statistics.

No key is asked for: the server listens on loopback only. Answers come in the platform's envelope, always with HTTP 200.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.asked import Body, as_id, id_of, list_of, number_of, object_of, optional_id, text_of
from huoban_perf.sandbox.callbacks import check_address
from huoban_perf.sandbox.cipher import check_encrypt_key
from huoban_perf.sandbox.faces.answers import envelope, refusal
from huoban_perf.sandbox.faces.building import BUILDS
from huoban_perf.sandbox.faces.v1 import Gate
from huoban_perf.sandbox.faces.v2 import TICKET_LIVES_S
from huoban_perf.sandbox.faults import fault_of
from huoban_perf.sandbox.rules import SWITCHES, rules_of
from huoban_perf.sandbox.switches import SwitchError
from huoban_perf.sandbox.world.dump import contents_of, everything_of
from huoban_perf.sandbox.world.load import load
from huoban_perf.sandbox.world.refusals import ParameterError, RefusalError, UnknownCallError
from huoban_perf.sandbox.world.state import World

BASE = "/_sandbox"
APPLICATION_LIVES_S = 10**9
LOGIN_LIVES_S = 43_200
"""Ours: how long a login lasts is open (automation-plane.md §13.5)."""
_TRACE = "0" * 16
Work = Callable[[Gate, Body], Any]


def _key(gate: Gate, body: Body) -> Any:
    world, space_id, member_id = gate.world, id_of(body, "space_id"), optional_id(body, "member_id")
    world.definitions.space_name(space_id)
    if member_id is not None and str(member_id) not in world.definitions.members(space_id):
        raise ParameterError("member_id", "no such member of the workspace")
    url = text_of(body, "callback_url", default="") or None
    if url is not None:
        check_address(url, anywhere=gate.push_anywhere)
    label = text_of(body, "label", default="")
    return {"api_key": world.keys.mint(space_id=space_id, user_id=member_id, label=label, callback_url=url)}


def _callback_address(gate: Gate, body: Body) -> Any:
    """Set or remove where a key's results go and their Encrypt Key, as a person does in 企业后台 → 接口授权."""
    agreed = text_of(body, "encrypt_key", default="")
    check_encrypt_key(agreed)
    url = text_of(body, "callback_url", default="") or None
    if url is not None:
        check_address(url, anywhere=gate.push_anywhere)
    gate.world.keys.set_callback(gate.world.keys.recognise(text_of(body, "api_key")), url, encrypt_key=agreed)
    return {}


def _ticket(gate: Gate, body: Body) -> Any:
    """Give out a ticket, as an application installed in workspaces gets one. Source: schema-plane.md §2."""
    spaces = [as_id(space, "space_ids") for space in list_of(body, "space_ids")]
    rights = {space_id: bool(body.get("may_build", True)) for space_id in spaces}
    for space_id in spaces:
        gate.world.definitions.space_name(space_id)
    lives_s = number_of(body, "lives_s", default=TICKET_LIVES_S)
    return {"ticket": gate.world.credentials.mint("ticket", user_id=None, rights=rights, lives_s=lives_s).text}


def _application(gate: Gate, body: Body) -> Any:
    """Register an enterprise application that is installed in workspaces. Source: schema-plane.md §2."""
    spaces = [as_id(space, "space_ids") for space in list_of(body, "space_ids")]
    rights = dict.fromkeys(spaces, True)
    made = gate.world.credentials.mint("application", user_id=None, rights=rights, lives_s=APPLICATION_LIVES_S)
    return {"application_id": str(made.credential_id), "application_secret": made.text}


def _login(gate: Gate, body: Body) -> Any:
    """Sign a person in, and give out what the browser would then hold; without a member, somebody of the vendor's.

    Source: automation-plane.md §3.1.
    """
    space_id, member_id = id_of(body, "space_id"), optional_id(body, "member_id")
    gate.world.definitions.space_name(space_id)
    if member_id is not None and str(member_id) not in gate.world.definitions.members(space_id):
        raise ParameterError("member_id", "no such member of the workspace")
    made = gate.world.credentials.mint(
        "login",
        user_id=member_id,
        rights={space_id: bool(body.get("is_admin"))},
        lives_s=number_of(body, "lives_s", default=LOGIN_LIVES_S),
    )
    return {"access_token": made.text, "tenant_id": str(space_id), "token_company": made.company}


def _credential(gate: Gate, body: Body) -> Any:
    """End a ticket or login token, or give or take its right in a workspace, in the middle of whatever goes on."""
    text = text_of(body, "credential")
    if body.get("end"):
        gate.world.credentials.end(text)
    else:
        may_build = body.get("may_build")
        right = None if may_build is None else bool(may_build)
        gate.world.credentials.set_right(text, space_id=id_of(body, "space_id"), may_build=right)
    return {}


def _reset(gate: Gate, body: Body) -> Any:
    del body
    gate.faults.replace([])
    gate.world.reset()
    return {}


def _load(gate: Gate, body: Body) -> Any:
    return load(body, world=gate.world)


def _clock(gate: Gate, body: Body) -> Any:
    """Move the clock; unless told otherwise time suffices for everything that waits (batches, callbacks)."""
    world = gate.world
    world.moments.advance(number_of(body, "advance_s", default=0))
    applied = 0
    if body.get("settle", True):
        world.moments.tick()
        applied = world.bulk.apply_due(rules=world.rules, everything=True)
        world.events.make_due()
    return {"now": world.moments.now_text(), "applied": applied, "pending_batches": world.bulk.pending()}


def _mode(gate: Gate, body: Body) -> Any:
    switches = object_of(body, "switches") if body.get("switches") else {}
    try:
        rules_of(text_of(body, "mode"), switches=switches)
    except SwitchError as error:
        raise ParameterError("mode", str(error)) from error
    gate.world.set_mode(text_of(body, "mode"), switches=switches)
    return _modes(gate, body)


def _modes(gate: Gate, body: Body) -> Any:
    del body
    rules = gate.world.rules
    return {
        "mode": gate.world.mode,
        "switches": [
            {
                "name": switch.name,
                "value": getattr(rules, switch.name),
                "question": switch.question,
                "section": switch.section,
                "reference": switch.reference,
                "meaning": switch.meaning,
                "choices": list(switch.choices),
                "modes": dict(switch.modes),
            }
            for switch in SWITCHES
        ],
    }


def _limits(gate: Gate, body: Body) -> Any:
    gate.world.set_limit(None if body.get("per_second") is None else number_of(body, "per_second", default=0))
    return {"per_second": gate.world.per_second}


def _faults(gate: Gate, body: Body) -> Any:
    entries = body.get("faults")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ParameterError("faults")
    gate.faults.replace([fault_of(entry) for entry in entries])
    return {"faults": len(entries)}


def _dump(gate: Gate, body: Body) -> Any:
    del body
    return contents_of(gate.world) if request.args.get("ids") == "0" else everything_of(gate.world)


def _callbacks(gate: Gate, body: Body) -> Any:
    del body
    return {"callbacks": gate.world.events.all()}


def _stats(gate: Gate, body: Body) -> Any:
    del body
    return gate.world.stats()


def _workspaces(gate: Gate, body: Body) -> Any:
    del body
    return {"spaces": [{"space_id": str(space_id), "name": name} for space_id, name in gate.world.definitions.spaces()]}


_WORKS: dict[str, Work] = {
    "GET workspaces": _workspaces,
    "POST key": _key,
    "POST ticket": _ticket,
    "POST application": _application,
    "POST login": _login,
    "POST credential": _credential,
    "POST callback_address": _callback_address,
    "POST reset": _reset,
    "POST load": _load,
    "POST clock": _clock,
    "POST mode": _mode,
    "GET mode": _modes,
    "POST limits": _limits,
    "POST faults": _faults,
    "GET dump": _dump,
    "GET callbacks": _callbacks,
    "GET stats": _stats,
}


def _build(world: World, name: str, body: Body) -> tuple[Any, str]:
    build = BUILDS.get(name)
    if build is None:
        raise UnknownCallError
    with world.call(f"POST /_sandbox/build/{name}", writes=True) as call:
        return build(world, body, call.rules), call.trace_id


def control_face(gate: Gate) -> Blueprint:
    """Return the control plane.

    Args:
        gate: Way in to the world.
    """
    face = Blueprint("control", __name__, url_prefix=BASE)
    strict_status = rules_of("documented")

    @face.route("/<path:rest>", methods=["GET", "POST"])
    def answer(rest: str) -> Response:
        try:
            body = wire.body_of(request.get_data())
            if rest.startswith("build/") and request.method == "POST":
                data, trace_id = _build(gate.world, rest.removeprefix("build/"), body)
                return envelope(data, trace_id=trace_id)
            work = _WORKS.get(f"{request.method} {rest}")
            if work is None:
                raise UnknownCallError
            with gate.world.control():
                data = work(gate, body)
            return envelope(data, trace_id=_TRACE)
        except RefusalError as error:
            return refusal(error, rules=strict_status, trace_id=_TRACE)
        finally:
            gate.after_call()

    return face
