"""Every message id this room uses has a text in both languages, with equal placeholders; none is left over."""

from __future__ import annotations

import re
import string
from pathlib import Path

import yaml

import huoban_perf.deploy

ROOM = Path(huoban_perf.deploy.__file__).parent
FILE = ROOM.parent / "cli" / "messages" / "deploy.yaml"
CODE = re.compile(r'"((?:plan|guard|apply|adopt|state|rollback|promotion|progress|names)\.[a-z_]+)"')
MADE = {
    f"plan.{word}_{kind}" for word in ("ambiguous", "unmanaged") for kind in ("table", "field", "option", "definition")
} | {f"rollback.loss_{kind}" for kind in ("table", "field", "option")}
"""Ids put together in ``pairing.py``."""


def test_codes_and_messages_agree() -> None:
    used = {code for file in ROOM.rglob("*.py") for code in CODE.findall(file.read_text(encoding="utf-8"))}
    known = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert used | MADE == set(known) | {"plan.ambiguous"}
    for texts in known.values():
        zh, en = (
            {name for _, name, _, _ in string.Formatter().parse(texts[locale]) if name} for locale in ("zh", "en")
        )
        assert zh == en
