"""Scheme documents from files: YAML or JSON, one scheme a file or several by key; numbers stay text.

Accepted: a scheme document (``scoring.parse_scheme``), a mapping of key → document, and any file whose ``schemes``
holds such a mapping, so that the manifest of a run is a scheme file too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from huoban_perf.core.errors import FactValue, Problem, SchemeError
from huoban_perf.scoring import Scheme, parse_scheme

Document = Mapping[str, object]

_SCHEME_KEYS = frozenset(field.name.removesuffix("_d4") for field in fields(Scheme))


class _TextLoader(yaml.SafeLoader):
    """YAML whose scalars are text, except true, false and null; repeated keys are an error."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - yaml's own attribute

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        """Build a mapping, refusing a key that stands twice."""
        made = super().construct_mapping(node, deep=deep)
        if len(made) != len(node.value):
            raise yaml.constructor.ConstructorError(problem="repeated key", problem_mark=node.start_mark)
        return made


_TextLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"])
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(null|~|)$"), ["n", "~", ""])


def read_schemes(files: Sequence[Path]) -> dict[str, Scheme]:
    """Read and check the schemes of several files.

    Args:
        files: YAML or JSON files.

    Returns:
        Scheme key → scheme; a document without ``key`` has the key of its mapping, else its file's name.

    Raises:
        SchemeError: No file, a file that cannot be read, a key given twice, or schemes that contradict themselves; each
            fault is listed with its file.
    """
    documents: dict[str, tuple[Path, Document]] = {}
    problems: list[Problem] = []
    for file in files:
        for key, document in _documents(file, problems).items():
            if key in documents:
                facts: dict[str, FactValue] = {"scheme": key, "other": documents[key][0].name}
                problems.append(Problem(code="exchange.scheme_twice", facts=facts, file=file.name))
            documents.setdefault(key, (file, document))
    schemes = {key: _parsed(key, file, document, problems) for key, (file, document) in documents.items()}
    found = {key: scheme for key, scheme in schemes.items() if scheme is not None}
    if problems or not found:
        code = "exchange.schemes_invalid" if problems else "exchange.no_scheme"
        raise SchemeError(code, facts={"count": len(problems)}, problems=problems)
    return found


def read_changes(texts: Sequence[str]) -> dict[str, object]:
    """Read what ``--set`` was given.

    Args:
        texts: ``path=value`` each; the value is YAML: ``60``, ``true``, ``null``, ``[S, A]``.

    Returns:
        Path → value, as ``scoring.change_scheme`` takes it.

    Raises:
        SchemeError: A text has no ``=`` or no path; all such are listed.
    """
    pairs = [(text, *text.partition("=")) for text in texts]
    wrong = [text for text, path, sign, _ in pairs if not sign or not path.strip()]
    if wrong:
        problems = [Problem(code="exchange.bad_change", facts={"change": text}) for text in wrong]
        raise SchemeError("exchange.bad_changes", facts={"count": len(wrong)}, problems=problems)
    return {path.strip(): _value(value) for _, path, _, value in pairs}


def _value(text: str) -> object:
    try:
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError:
        return text


def _documents(file: Path, problems: list[Problem]) -> dict[str, Document]:
    content = _content(file, problems)
    if content is None:
        return {}
    inner = content.get("schemes")
    content = inner if isinstance(inner, dict) else content
    if content and not _SCHEME_KEYS & content.keys() and all(isinstance(part, dict) for part in content.values()):
        return {str(key): {**part, "key": str(key)} for key, part in content.items()}
    key = str(content.get("key") or file.stem)
    return {key: {**content, "key": key}}


def _content(file: Path, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".json":
            content = json.loads(text, parse_float=str, parse_int=str)
        else:
            content = yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a SafeLoader
    except (OSError, ValueError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else getattr(error, "lineno", None)
        facts: dict[str, FactValue] = {"reason": str(getattr(error, "problem", None) or type(error).__name__)}
        problems.append(Problem(code="exchange.scheme_unreadable", facts=facts, file=file.name, line=line))
        return None
    if not isinstance(content, dict):
        problems.append(Problem(code="exchange.scheme_shape", file=file.name))
        return None
    return content


def _parsed(key: str, file: Path, document: Document, problems: list[Problem]) -> Scheme | None:
    try:
        return parse_scheme(document)
    except SchemeError as error:
        place = f"{file.name} {key}"
        problems += [
            Problem(code=fault.code, facts=fault.facts, file=place, address=fault.address) for fault in error.problems
        ]
        return None
