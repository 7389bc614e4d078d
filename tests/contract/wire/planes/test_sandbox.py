"""The examples of the planes beside v1, replayed against the embedded workspace (see README.md one folder up)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import simplejson

from huoban_perf.sandbox import open_world
from tests.contract.wire.test_sandbox_replays import WORLDS, Replay, mismatches

HERE = Path(__file__).parent
FILES = {
    path.stem: simplejson.loads(path.read_text(encoding="utf-8"), use_decimal=True) for path in HERE.glob("*.json")
}
SWITCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "plane_errors": ("plane_error_status", {"meaningful": "meaningful", "5xx": "5xx", "200": "200"}),
    "automation_id": ("gateway_id_key", {"automation_id": "automation_id", "button_id": "button_id"}),
    "gateway_500": ("gateway_500_status", {"500": 500, "200": 200}),
}
EXAMPLES = [pytest.param(example, id=example["id"]) for file in FILES.values() for example in file["examples"]]
REPLAYED = [entry for entry in EXAMPLES if "sandbox" in entry.values[0]["replay"]]


class PlaneReplay(Replay):
    """A world with tickets, tokens and one automation that stands already."""

    def identities(self) -> None:
        space = self.known["space"]
        elsewhere = self.control("build/workspace", {"name": "别处"})["space_id"]
        tickets = {
            "ticket": {"space_ids": [space]},
            "ticket:elsewhere": {"space_ids": [elsewhere]},
            "ticket:reader": {"space_ids": [space], "may_build": False},
            "ticket:ended": {"space_ids": [space], "lives_s": 0},
        }
        self.known |= {name: self.control("ticket", body)["ticket"] for name, body in tickets.items()}
        made = self.control("application", {"space_ids": [space]})
        self.known |= {"application": made["application_id"], "application:secret": made["application_secret"]}
        held = self.control("login", {"space_id": space, "is_admin": True})
        self.known |= {"token": held["access_token"], "tenant": held["tenant_id"], "company": held["token_company"]}
        self.known["token:ended"] = self.control("login", {"space_id": space, "lives_s": 0})["access_token"]
        self.known["company:wrong"] = "wrong"

    def automation(self) -> None:
        headers = {"Authorization": "Bearer {{token}}", "x-huoban-token-company": "{{company}}"}
        body = {"name": "已有", "table_id": "{{int:table:客户表}}"}
        request = {"method": "POST", "path": "/paas/automation/button", "headers": headers, "body": body}
        self.known["automation"] = str(self.send(request)["body"]["data"]["automation_id"])


@pytest.fixture
def replay() -> Iterator[PlaneReplay]:
    world = open_world(None, start=datetime(2024, 3, 4, 1, tzinfo=UTC), seed=7)
    found = PlaneReplay(world)
    yield found
    found.session.close()
    world.close()


@pytest.mark.parametrize("example", REPLAYED)
def test_sandbox_answers_as_the_example(example: dict[str, Any], replay: PlaneReplay) -> None:
    replay.build(WORLDS[example["world"]])
    replay.identities()
    if re.search(r"\{\{(int:)?automation\}\}", simplejson.dumps(example)):
        replay.automation()
    setting = example.get("sandbox", {})
    switches = {SWITCHES[name][0]: SWITCHES[name][1][value] for name, value in setting.get("switches", {}).items()}
    replay.control("mode", {"mode": setting.get("mode", "documented"), "switches": switches})
    answer = replay.send(example["request"])
    assert answer["status"] == example["response"].get("status", 200), answer
    faults = list(mismatches(replay.filled(example["response"]["body"]), answer["body"], "body"))
    assert not faults, "\n".join([*faults, simplejson.dumps(answer["body"], ensure_ascii=False, indent=1)])
    for step in example.get("then", []):
        replay.known["made"] = str(next(iter(answer["body"]["data"].values())))
        replay.step(step)
