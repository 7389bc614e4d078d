"""What is compared of an option: its text, and its colour where the platform speaks our colour words."""

from __future__ import annotations

from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import ObservedOption, OptionSpec
from huoban_perf.deploy.artifact import Attributes

COLOURS = frozenset({"red", "orange", "yellow", "green", "blue", "purple", "grey"})
"""The neutral colour words; the platform's own codes (``a`` … ``h``) prove nothing. Source: schema-plane.md §4.2."""


def wished(option: OptionSpec, *, locale: Locale) -> Attributes:
    """Return the attributes a template states of an option.

    Args:
        option: The option as wished.
        locale: Language in which names are deployed.

    Returns:
        ``name``, and ``color`` when stated. Points never leave the template.
    """
    attributes: Attributes = {"name": option.labels.in_locale(locale)}
    if option.color is not None:
        attributes["color"] = option.color
    return attributes


def shown(option: ObservedOption) -> Attributes:
    """Return the attributes a read proves of an option.

    Args:
        option: The option as seen.

    Returns:
        ``name``, and ``color`` when it is one of our words.
    """
    attributes: Attributes = {"name": option.name}
    if option.color in COLOURS:
        attributes["color"] = option.color
    return attributes
