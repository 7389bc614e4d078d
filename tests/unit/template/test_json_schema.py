"""JSON Schemas: editors complete the keys and words that the models know."""

from __future__ import annotations

import json

import pytest

from huoban_perf.core.schema import FieldKind
from huoban_perf.template import FILE_KINDS, json_schema
from huoban_perf.template.json_schema import FileKind


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_json_schema_refuses_unknown_keys_everywhere(kind: FileKind) -> None:
    schema = json_schema(kind)
    parts = [schema, *schema.get("$defs", {}).values()]
    assert all(part["additionalProperties"] is False for part in parts if part.get("type") == "object")
    assert json.loads(json.dumps(schema)) == schema


def test_json_schema_of_a_table_lists_the_kinds_and_the_required_keys() -> None:
    schema = json_schema("table")
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(schema["required"]) == {"key", "labels", "title", "fields"}
    assert set(schema["$defs"]["FieldKind"]["enum"]) == {kind.value for kind in FieldKind}
    assert schema["$defs"]["FieldText"]["properties"]["required"]["type"] == "boolean"


def test_json_schema_of_the_app_uses_the_words_of_the_file() -> None:
    assert set(json_schema("app")["$defs"]["MovedText"]["properties"]) == {"from", "to"}
