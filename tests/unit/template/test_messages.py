"""Every code of this room has a message and every message has a use."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import huoban_perf.template
from huoban_perf.cli import messages

ROOM = Path(huoban_perf.template.__file__).parent
TEXTS = Path(messages.__file__).parent / "template.yaml"
CODE = re.compile(r'"(template\.[a-z0-9_]+)"')


def test_messages_every_code_of_the_room_has_one_and_none_is_idle() -> None:
    codes = {code for file in ROOM.rglob("*.py") for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert codes == set(yaml.safe_load(TEXTS.read_text(encoding="utf-8")))


def test_messages_every_code_but_the_last_resort_is_proven_by_a_case() -> None:
    folder = Path(__file__).parents[2] / "cases" / "template"
    proven = set(
        re.findall(r"code: (template\.[a-z0-9_]+)", "".join(file.read_text("utf-8") for file in folder.glob("*.yaml")))
    )
    elsewhere = {"template.bad_value", "template.invalid", "template.not_found", "template.not_utf8"}
    elsewhere |= {"template.many_criteria", "template.long_form", "template.many_ratings", "template.long_ripple"}
    elsewhere |= {"template.replaces_nothing", "template.growth_fault"}
    assert set(yaml.safe_load(TEXTS.read_text(encoding="utf-8"))) - proven == elsewhere
