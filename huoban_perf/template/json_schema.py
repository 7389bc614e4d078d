"""JSON Schema of the template files, so that an editor completes and checks them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from huoban_perf.template.automation_model import AutomationsText, JobsText
from huoban_perf.template.model import AppText, ParametersText, TableText
from huoban_perf.template.page_model import PageText
from huoban_perf.template.role_model import RolesText
from huoban_perf.template.scheme_model import SchemeText
from huoban_perf.template.text_model import Text
from huoban_perf.template.trace_model import TraceText
from huoban_perf.template.view_model import ViewsText

FileKind = Literal["app", "parameters", "scheme", "table", "views", "roles", "page", "automations", "jobs", "trace"]

FILE_KINDS: Final[tuple[FileKind, ...]] = get_args(FileKind)

_MODELS: Final[Mapping[FileKind, type[Text]]] = MappingProxyType(
    {
        "app": AppText,
        "parameters": ParametersText,
        "scheme": SchemeText,
        "table": TableText,
        "views": ViewsText,
        "roles": RolesText,
        "page": PageText,
        "automations": AutomationsText,
        "jobs": JobsText,
        "trace": TraceText,
    }
)


def json_schema(kind: FileKind) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file.

    Args:
        kind: Which file: ``app.yaml``, ``parameters.yaml``, ``scheme.yaml``, ``tables/<key>.yaml``,
            ``views/<table>.yaml``, ``roles.yaml``, ``pages/<key>.yaml``, ``automations/<name>.yaml``,
            ``automations/jobs.yaml`` or ``trace.yaml``.

    Returns:
        A draft 2020-12 schema.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_MODELS[kind].model_json_schema(by_alias=True)}
