"""JSON Schema of the table files, so that an editor completes and checks them."""

from __future__ import annotations

from typing import Any

from huoban_perf.template.model import TableText


def table_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``tables/<key>.yaml``.

    Returns:
        A draft 2020-12 schema.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TableText.model_json_schema(by_alias=True)}
