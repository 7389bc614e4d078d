"""A captured automation as it is stored: ours around the platform's document, ids and names replaced by symbols."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import simplejson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import PlanError, Problem

_ALWAYS = ("automation_id", "button_id", "mappings", "status", "created_by", "created_on", "updated_by", "updated_on")


class Captured(BaseModel):
    """One captured automation.

    Attributes:
        format: Version of this form.
        key: Our key; the automation's address is ``automation:key``.
        sort: The platform's word for its type (``button``, ``call``, ``item_trigger``, …).
        name: Name shown.
        table: Address of its table, printed.
        captured_at: When.
        document: The platform's document with symbols.
        digest: Over ``sort``, ``table`` and ``document``; another one means that the file was edited.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sort: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    table: str
    captured_at: datetime
    document: dict[str, Any]
    digest: str = ""

    def sealed(self) -> Captured:
        """Return the same with its digest."""
        return self.model_copy(update={"digest": self.content_digest()})

    def content_digest(self) -> str:
        """Return the digest of what would be posted."""
        return digest({"sort": self.sort, "table": self.table, "document": self.document})

    def to_text(self) -> str:
        """Return the stored form: JSON, indented, Chinese as it is."""
        plain = {**self.model_dump(), "captured_at": self.captured_at.isoformat()}
        return str(simplejson.dumps(plain, ensure_ascii=False, indent=1, use_decimal=True)) + "\n"


def without_residue(document: Mapping[str, Any], *, sort: str) -> dict[str, Any]:
    """Return a document as read without what must not be sent back, and without who touched it.

    Args:
        document: As read.
        sort: The platform's word for its type; a called automation's ``tips`` are its own.

    Returns:
        The rest.

    Source: automation-plane.md §3.1 [verified by practitioners A1]: ``mappings, button_id, status, tips, …``.
    """
    doomed = (*_ALWAYS, *(() if sort == "call" else ("tips",)))
    return {name: part for name, part in document.items() if name not in doomed}


def read_captured(text: str, *, source: str) -> Captured:
    """Read a stored document.

    Args:
        text: The file's text.
        source: The file, for messages.

    Returns:
        The document.

    Raises:
        PlanError: It is no stored document, of another format, or was edited by hand.
    """
    try:
        captured = Captured.model_validate(simplejson.loads(text, use_decimal=True))
    except ValidationError as error:
        problems = [
            Problem(code="capture.shape", facts={"part": ".".join(map(str, fault["loc"])) or "-"}, file=source)
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise PlanError("capture.unreadable", facts={"file": source}, problems=problems) from error
    except ValueError as error:
        problem = Problem(code="capture.shape", facts={"part": "-"}, file=source)
        raise PlanError("capture.unreadable", facts={"file": source}, problems=[problem]) from error
    if captured.digest != captured.content_digest():
        raise PlanError("capture.edited", facts={"file": source, "key": captured.key})
    return captured
