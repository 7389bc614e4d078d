"""Every message exists in both languages with the same placeholders, and every code that is raised has a message."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

import huoban_perf
from huoban_perf.cli.texts import messages

PACKAGE = Path(huoban_perf.__file__).parent


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", sorted(messages()))
def test_message_has_both_languages_and_equal_placeholders(code: str) -> None:
    entry = messages()[code]
    assert set(entry) == {"zh", "en"}
    assert entry["zh"].strip()
    assert entry["en"].strip()
    assert placeholders(entry["zh"]) == placeholders(entry["en"])


def raised_codes() -> set[str]:
    """Codes given to an error class or a Problem as literal text."""
    codes: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name != "Problem" and not name.endswith("Error"):
                continue
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"] + node.args[:1]
            codes |= {
                value.value
                for value in given
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and _is_code(value.value)
            }
    return codes


def _is_code(text: str) -> bool:
    room, dot, name = text.partition(".")
    return bool(dot and room.isidentifier() and name.replace(".", "_").isidentifier())


def test_every_raised_code_has_a_message() -> None:
    codes = raised_codes()
    assert len(codes) > 20
    assert sorted(codes - set(messages())) == []
