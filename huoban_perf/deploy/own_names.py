"""A company's own names: a mapping file from addresses to what the company calls them.

``names: {table:employee: 花名册, field:employee.name: 姓 名}``. The named objects are wished under these names, so what
already stands is found by exact name, and nothing is ever renamed away from what people are used to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from huoban_perf.core.addresses import Address
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import Problem, TemplateError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldSpec, OptionSpec, TableSpec
from huoban_perf.template.yaml_text import Mapped, read_yaml

_Spec = TypeVar("_Spec", TableSpec, FieldSpec, OptionSpec)


def read_names(file: Path, *, desired: DesiredSchema) -> dict[Address, str]:
    """Read a mapping file.

    Args:
        file: The file.
        desired: The template that it speaks of.

    Returns:
        Address → the company's own name.

    Raises:
        TemplateError: It cannot be read, names what the template does not have, or gives two objects of one place the
            same name; every fault is listed with its line.
    """
    problems: list[Problem] = []
    root = read_yaml(file, problems=problems, shown=str(file))
    entries = root.get("names") if root is not None else None
    if root is not None and (not isinstance(entries, Mapped) or set(root) != {"names"}):
        problems.append(Problem(code="names.shape", file=str(file), line=1))
    names: dict[Address, str] = {}
    if isinstance(entries, Mapped):
        known = {str(spec.address): spec.address for spec in _every(desired)}
        for word, name in entries.items():
            line = entries.lines.get(word)
            if word not in known:
                problems.append(Problem(code="names.unknown", facts={"address": word}, file=str(file), line=line))
            elif not isinstance(name, str) or not name.strip():
                problems.append(Problem(code="names.no_text", facts={"address": word}, file=str(file), line=line))
            else:
                names[known[word]] = name
        problems += _doubles(names, entries, desired=desired, shown=str(file))
    if problems:
        raise TemplateError("names.invalid", facts={"file": str(file), "count": len(problems)}, problems=problems)
    return names


def with_own_names(desired: DesiredSchema, names: Mapping[Address, str]) -> DesiredSchema:
    """Return the wish under a company's own names.

    Args:
        desired: The wish.
        names: Address → name.

    Returns:
        The wish with these labels in both languages, and a digest that says so.
    """
    if not names:
        return desired

    def named(spec: _Spec) -> _Spec:
        own = names.get(spec.address)
        return spec if own is None else replace(spec, labels=Labels(own, own))

    tables = tuple(
        replace(
            named(table),
            fields=tuple(
                replace(named(field), options=tuple(named(option) for option in field.options))
                for field in table.fields
            ),
        )
        for table in desired.tables
    )
    content = digest([desired.digest, {str(address): name for address, name in names.items()}])
    return replace(desired, tables=tables, digest=content)


def _every(desired: DesiredSchema) -> list[TableSpec | FieldSpec | OptionSpec]:
    return [*desired.tables, *desired.fields(), *desired.options()]


def _doubles(names: Mapping[Address, str], entries: Mapped, *, desired: DesiredSchema, shown: str) -> list[Problem]:
    """Names that another object of the same place bears, by this file or by the template."""
    bearer: dict[tuple[Address | None, str], Address] = {}
    for spec in _every(desired):
        if spec.address not in names:
            bearer[spec.address.parent, spec.labels.zh] = spec.address
    problems: list[Problem] = []
    for address, name in names.items():
        other = bearer.setdefault((address.parent, name), address)
        if other != address:
            facts = {"address": str(address), "name": name, "other": str(other)}
            line = entries.lines.get(str(address))
            problems.append(Problem(code="names.double", facts=facts, file=shown, line=line))
    return problems
