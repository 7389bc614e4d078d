"""JSON Schema of the template files, so that an editor completes and checks them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from huoban_perf.template.model import AppText, ParametersText, TableText, Text
from huoban_perf.template.scheme_model import SchemeText

FileKind = Literal["app", "parameters", "scheme", "table"]

_MODELS: Final[Mapping[FileKind, type[Text]]] = MappingProxyType(
    {"app": AppText, "parameters": ParametersText, "scheme": SchemeText, "table": TableText}
)


def json_schema(kind: FileKind) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file.

    Args:
        kind: Which file: ``app.yaml``, ``parameters.yaml``, ``scheme.yaml`` or ``tables/<key>.yaml``.

    Returns:
        A draft 2020-12 schema.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_MODELS[kind].model_json_schema(by_alias=True)}


def table_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``tables/<key>.yaml``.

    Returns:
        A draft 2020-12 schema.
    """
    return json_schema("table")
