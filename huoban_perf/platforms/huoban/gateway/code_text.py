"""Names inside scripts: ``{触发的数据.权重}`` ↔ ``{触发的数据.$(field:goal.weight)}``.

A script names fields and options in Chinese, while its ``vars`` list the ids, one entry for each occurrence in order,
duplicates included. So the n-th token belongs to the n-th variable, and a name that is not the name of its variable's
field shows that somebody renamed one without the other.

Source: automation-plane.md §6.2, §6.3 [verified by practitioners A1 A2].
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.errors import Problem
from huoban_perf.platforms.huoban.gateway.directory import Directory, parsed_address

TOKEN = re.compile(r"\{([^{}]*)\}")
SYMBOL = re.compile(r"\$\(([a-z]+:[a-z0-9_.]+)\)")
_CONSTANT = "C:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a script, without its place: message id and facts."""

    code: str
    facts: Mapping[str, str]

    def at(self, place: str) -> Problem:
        """Return the problem at a place of the document."""
        return Problem(code=self.code, facts=dict(self.facts), address=place)


def tokens(code: str) -> list[str]:
    """Return what stands between braces, in order."""
    return TOKEN.findall(code)


def pairs(code: str, variables: Sequence[Any]) -> list[tuple[str, Mapping[str, Any] | None]] | None:
    """Return each token with its variable.

    Args:
        code: The script.
        variables: Its ``vars``.

    Returns:
        Pairs in order; None when the two do not fit. Option constants may have a variable or not: no sample shows.
    """
    found = tokens(code)
    known = [variable if isinstance(variable, Mapping) else {} for variable in variables]
    if len(found) == len(known):
        return list(zip(found, known, strict=True))
    rest = iter(known)
    if len([token for token in found if not token.startswith(_CONSTANT)]) != len(known):
        return None
    return [(token, None if token.startswith(_CONSTANT) else next(rest)) for token in found]


def symbolic(code: str, variables: Sequence[Any], directory: Directory) -> tuple[str, list[Fault]]:
    """Return a script with addresses in the place of names.

    Args:
        code: The script as read.
        variables: Its ``vars`` as read, with ids.
        directory: The workspace it was read from.

    Returns:
        The script, and every fault; a script with faults is not to be kept.
    """
    paired = pairs(code, variables)
    if paired is None:
        facts = {"tokens": str(len(tokens(code))), "vars": str(len(variables))}
        return code, [Fault(code="capture.vars_differ", facts=facts)]
    faults: list[Fault] = []
    constants = directory.constants()
    replaced = iter([_symbolic_token(token, variable, directory, constants, faults) for token, variable in paired])
    return TOKEN.sub(lambda _: "{" + next(replaced) + "}", code), faults


def _symbolic_token(
    token: str,
    variable: Mapping[str, Any] | None,
    directory: Directory,
    constants: Mapping[str, Address],
    faults: list[Fault],
) -> str:
    if token.startswith(_CONSTANT):
        option = constants.get(token.removeprefix(_CONSTANT))
        if option is None:
            faults.append(Fault(code="capture.unknown_constant", facts={"token": token}))
            return token
        return f"{_CONSTANT}$({option})"
    address = directory.addresses.get(str((variable or {}).get("field_id", "")))
    if address is None:
        return token
    name = directory.names[address]
    if token != name and not token.endswith(f".{name}"):
        faults.append(Fault(code="capture.name_differs", facts={"token": token, "name": name}))
        return token
    return token.removesuffix(name) + f"$({address})"


def concrete(code: str, directory: Directory) -> tuple[str, list[Fault]]:
    """Return a script with the names of a workspace in the place of addresses.

    Args:
        code: The stored script.
        directory: The workspace it is bound to.

    Returns:
        The script, and a fault for each address that is not bound there.
    """
    faults: list[Fault] = []

    def named(found: re.Match[str]) -> str:
        address = parsed_address(found[1])
        if address is None or address not in directory.names:
            faults.append(Fault(code="capture.unbound", facts={"address": found[1]}))
            return found[0]
        return directory.constant(address) if address.kind is ObjectKind.OPTION else directory.names[address]

    return SYMBOL.sub(named, code), faults
