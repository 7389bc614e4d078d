"""Everything about the platform that is not proven, in one place: each a named switch with its open question.

A fact marked [doc] or [code] in ``openapi-v1.md`` is written straight into the code, with its section. Whatever is
[inferred] stands here, so that one live check changes one line. ``question`` is the number in §18 of the reference;
None means that §18 does not list it (the section says where the doubt is stated).

Three modes bundle the switches: ``documented`` (the likeliest reading), ``strict`` (reports every client mistake),
``awkward`` (truthful but unpleasant: everything a client must tolerate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from huoban_perf.sandbox.plane_rules import PlaneRules
from huoban_perf.sandbox.switches import MODES, Switch, SwitchError, switch

PAGE_DEFAULT = 20
PAGE_MAX = 100
"""Rows a page. Source: openapi-v1.md §3 [code], two independent sources."""
BATCH_MAX = 100
"""Entries a bulk call. Source: openapi-v1.md §9.1 [doc] for POST, taken over for PUT and DELETE."""
REQUESTS_PER_SECOND = 10
"""Requests a second a key. Source: openapi-v1.md §3 [code]."""


_IGNORE = ("ignore", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(PlaneRules):
    """One setting of every switch; the defaults are mode ``documented``."""

    # --- answers -----------------------------------------------------------------------------------------------
    error_status: int = switch(
        (200, 200, 500), "HTTP status of business errors", question=6, section="§2.2", choices=(200, 500)
    )
    bare_key: str = switch(
        ("accept", "refuse", "accept"),
        "A key sent without `Bearer `",
        question=None,
        section="§1",
        choices=("accept", "refuse"),
    )
    throttle_answer: str = switch(
        ("http_429", "http_429", "http_5xx"),
        "How the limit of requests answers: 429 with Retry-After, HTTP 200 with a code, or 503 with the envelope",
        question=5,
        section="§3",
        choices=("http_429", "envelope", "http_5xx"),
    )
    bad_write_code: int = switch(502, "Code of a refused value; the wording is that of 502", question=6, section="§2.1")
    empty_object: str = switch(
        ("object", "object", "php_array"),
        "How an object without keys is written",
        question=7,
        section="§2",
        choices=("object", "php_array"),
    )
    # --- spaces and table configs ------------------------------------------------------------------------------
    member_total: bool = switch(True, "member/list carries `total`", question=7, section="§7.2", choices=(True, False))
    table_list_paging: str = switch(
        "ignore", "limit and offset of table/list", question=7, section="§7.3", choices=("ignore", "honour")
    )
    field_alias: bool = switch(True, "A field config shows `alias`", question=7, section="§7.4", choices=(True, False))
    field_unique: bool = switch(
        False, "A field config shows `unique` (v2 did)", question=7, section="§7.4", choices=(True, False)
    )
    field_help: bool = switch(
        False, "A field config shows `description` (v2 did)", question=7, section="§7.4", choices=(True, False)
    )
    text_type: bool = switch(
        (True, True, False),
        "A text config shows `type`: input, textarea or rich (v2)",
        question=7,
        section="§7.5",
        choices=(True, False),
    )
    choice_multi: bool = switch(
        (True, True, False), "A category config shows `is_multi`", question=7, section="§7.5", choices=(True, False)
    )
    member_multi: bool = switch(
        False, "A user config shows `is_multi`", question=7, section="§7.5", choices=(True, False)
    )
    presentation_type: str = switch(
        "storage",
        "field_type of phone, email, address, scan, time: `text`, or a word of its own",
        question=7,
        section="§7.5",
        choices=("storage", "own"),
    )
    # --- reading items -----------------------------------------------------------------------------------------
    relation_shape: str = switch(
        ("list", "list", "object"),
        "A single relation reads as a list or as a bare object",
        question=8,
        section="§8.2",
        choices=("list", "object"),
    )
    empty_cells: str = switch(
        ("absent", "absent", "null"), "Empty fields of an item", question=8, section="§8.1", choices=("absent", "null")
    )
    file_shape: str = switch(
        ("object", "object", "id"),
        "Files read as v2-like objects or as ids",
        question=8,
        section="§8.2",
        choices=("object", "id"),
    )
    option_color: bool = switch(
        False, "A choice reads with `color` beside id and name", question=8, section="§8.2", choices=(True, False)
    )
    updated_by: bool = switch(
        (True, True, False), "An item shows `updated_by`", question=8, section="§8.1", choices=(True, False)
    )
    create_answer: str = switch(
        ("item", "item", "item_id"),
        "POST /item answers `data.item` or `data.item_id`",
        question=None,
        section="§8.3",
        choices=("item", "item_id"),
    )
    default_order: str = switch(
        ("oldest", "oldest", "newest"),
        "Order of item/list when none is asked",
        question=None,
        section="§4",
        choices=("oldest", "newest"),
    )
    empty_sorts: str = switch(
        ("first", "first", "last"),
        "Where empty cells stand in an ascending order",
        question=None,
        section="§4",
        choices=("first", "last"),
    )
    limit_above_max: str = switch(
        ("cap", "error", "cap"), "limit above 100", question=9, section="§4", choices=("cap", "error")
    )
    page_rows_max: int = switch(
        PAGE_MAX, "Most rows of a page whatever was asked (50 was seen on another interface)", question=9, section="§16"
    )
    field_config: bool = switch(
        (True, True, False),
        "with_field_config 1 adds `data.fields`",
        question=10,
        section="§8.7",
        choices=(True, False),
    )
    view_id: str = switch(
        ("ignore", "error", "ignore"), "view_id in item/list", question=10, section="§4", choices=_IGNORE
    )
    # --- filters -----------------------------------------------------------------------------------------------
    unknown_operator: str = switch(
        ("ignore", "error", "ignore"),
        "An operator that is unknown, or not one of the field's kind, counts as true",
        question=9,
        section="§5.1",
        choices=_IGNORE,
    )
    unknown_filter_field: str = switch(
        ("ignore", "error", "ignore"),
        "A condition on no field counts as true",
        question=9,
        section="§5.1",
        choices=_IGNORE,
    )
    malformed_filter: str = switch(
        ("ignore", "error", "ignore"),
        "A filter of another shape counts as true",
        question=9,
        section="§16.6",
        choices=_IGNORE,
    )
    unknown_list_key: str = switch(
        ("ignore", "error", "ignore"),
        "Keys of item/list that no source names (filters, order_by, search …)",
        question=9,
        section="§16.6",
        choices=_IGNORE,
    )
    unknown_order: str = switch(
        ("ignore", "error", "ignore"), "An order by no field, or of no type", question=9, section="§4", choices=_IGNORE
    )
    nem: str = switch(
        ("known", "unknown", "unknown"), "The operator nem", question=9, section="§5.1", choices=("known", "unknown")
    )
    nin_text: str = switch(
        "substring",
        "nin on text: opposite of in, or whole values",
        question=9,
        section="§5.1",
        choices=("substring", "exact"),
    )
    negation_takes_empty: bool = switch(
        True, "ne and nin hold for empty cells", question=9, section="§5.1", choices=(True, False)
    )
    day_of_moment: str = switch(
        "day",
        "A date as operand on a moment means the whole day or its first second",
        question=14,
        section="§5.1",
        choices=("day", "instant"),
    )
    more_date_words: str = switch(
        ("known", "unknown", "known"),
        "Date words beyond today, yesterday, this_week, last_week",
        question=9,
        section="§5.1",
        choices=("known", "unknown"),
    )
    filter_alias: str = switch(
        ("known", "unknown", "known"),
        "A field alias names the field of a condition",
        question=11,
        section="§5",
        choices=("known", "unknown"),
    )
    # --- writing items -----------------------------------------------------------------------------------------
    unknown_field: str = switch(
        ("ignore", "error", "ignore"), "Writing a field the table lacks", question=6, section="§8.3", choices=_IGNORE
    )
    computed_field: str = switch(
        ("ignore", "error", "ignore"), "Writing a field the platform fills", question=6, section="§8.2", choices=_IGNORE
    )
    unknown_reference: str = switch(
        ("error", "error", "ignore"),
        "An option, member, item or file id that does not exist",
        question=6,
        section="§8.3",
        choices=_IGNORE,
    )
    bad_value: str = switch("error", "A value that does not fit its kind", question=6, section="§8.3", choices=_IGNORE)
    required: str = switch(
        ("error", "error", "ignore"), "A required field left empty", question=12, section="§8.3", choices=_IGNORE
    )
    unique: str = switch(
        ("ignore", "error", "ignore"),
        "A second item with the value of a unique field",
        question=12,
        section="§8.3",
        choices=_IGNORE,
    )
    no_right_code: int = switch(
        100, "Code of what a key's person has no right to; the text is ours", question=12, section="§2.1"
    )
    number_as_text: str = switch(
        ("error", "error", "accept"), "A number sent as text", question=6, section="§8.2", choices=("accept", "error")
    )
    loose_dates: str = switch(
        ("accept", "error", "accept"),
        "A date where a moment is held, a moment where a date is held, minutes without seconds",
        question=14,
        section="§8.2",
        choices=("accept", "error"),
    )
    user_objects: str = switch(
        ("accept", "error", "accept"),
        "A member, choice or relation written as objects instead of ids",
        question=6,
        section="§8.2",
        choices=("accept", "error"),
    )
    empty_text_clears: bool = switch(
        (True, False, True),
        "Empty text clears a field that is not text",
        question=13,
        section="§8.2",
        choices=(True, False),
    )
    deleted_target: str = switch(
        "cleared",
        "Relations to a deleted item are cleared or kept",
        question=12,
        section="§8.6",
        choices=("cleared", "kept"),
    )
    # --- bulk calls --------------------------------------------------------------------------------------------
    bulk_answer: str = switch(
        ("object", "object", "php_array"),
        "`data` of an accepted bulk call",
        question=1,
        section="§9",
        choices=("object", "php_array", "null"),
    )
    bulk_ticks: int = switch(
        (1, 1, 3),
        "Later requests until an accepted batch is applied; 0 at once, -1 only by control",
        question=1,
        section="§9",
    )
    bulk_fate: str = switch(
        "applied",
        "What becomes of an accepted batch",
        question=1,
        section="§9",
        choices=("applied", "lost", "twice", "reordered"),
    )
    bulk_bad_entry: str = switch(
        ("entry", "call", "entry"),
        "An entry that cannot be written fails alone, or the whole call is refused at once",
        question=1,
        section="§9.4",
        choices=("entry", "call"),
    )
    # --- callbacks and paths -----------------------------------------------------------------------------------
    callback_fate: str = switch(
        ("once", "once", "late"),
        "How results are pushed",
        question=2,
        section="§11.1",
        choices=("once", "late", "twice", "lost"),
    )
    callback_encryption: str = switch(
        "feishu_like",
        "Encryption of bodies pushed for a key that has an Encrypt Key (a guess: like Feishu's)",
        question=3,
        section="§11.3",
        choices=("off", "feishu_like"),
    )
    subscribe_path: str = switch("/event/subscribe", "Path of 添加订阅", question=4, section="§11.2")
    unsubscribe_path: str = switch("/event/unsubscribe", "Path of 取消订阅", question=4, section="§11.2")
    file_details_path: str = switch("/file/list", "Path of 批量获取文件详情", question=4, section="§10.2")
    # --- the person at the builder -----------------------------------------------------------------------------
    same_field_name: str = switch(
        "refuse", "Two fields of one name in a table", question=7, section="§7.4", choices=("allow", "refuse")
    )


SWITCHES: tuple[Switch, ...] = tuple(Switch(name=entry.name, **entry.metadata) for entry in fields(Rules))
"""Every switch, in the order of ``Rules``."""

_BY_NAME = {entry.name: entry for entry in SWITCHES}


def rules_of(mode: str, *, switches: Mapping[str, object] | None = None) -> Rules:
    """Return a mode's rules with single switches changed.

    Args:
        mode: ``documented``, ``strict`` or ``awkward``.
        switches: Switch name → value, on top of the mode.

    Returns:
        The rules.

    Raises:
        SwitchError: The mode or a switch does not exist, or a value is not one of its choices.
    """
    if mode not in MODES:
        raise SwitchError(f"mode {mode!r}: one of {', '.join(MODES)}")
    values = {entry.name: entry.modes[mode] for entry in SWITCHES}
    for name, value in (switches or {}).items():
        values[name] = _checked(name, value)
    return Rules(**values)  # type: ignore[arg-type] # checked against choices and type just above


def _checked(name: str, value: object) -> object:
    known = _BY_NAME.get(name)
    if known is None:
        raise SwitchError(f"switch {name!r}: one of {', '.join(sorted(_BY_NAME))}")
    if known.choices:
        if not any(value == choice and type(value) is type(choice) for choice in known.choices):
            raise SwitchError(f"switch {name}: {value!r} is not one of {list(known.choices)}")
    elif type(value) is not type(known.modes["documented"]):
        raise SwitchError(f"switch {name}: {value!r} is not a {type(known.modes['documented']).__name__}")
    return value
