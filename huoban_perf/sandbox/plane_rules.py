"""What is not proven of the planes beside v1; ``rules`` puts these switches beside its own.

``reference`` names the file whose §16 (schema-plane) or §13 (automation-plane) numbers the open questions.
"""

from __future__ import annotations

from dataclasses import dataclass

from huoban_perf.sandbox.switches import switch

_SCHEMA = "schema-plane"
_AUTOMATION = "automation-plane"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneRules:
    """One setting of every switch of the v2 tables plane and the automation gateway."""

    plane_error_status: str = switch(
        ("meaningful", "meaningful", "5xx"),
        "HTTP status of refusals beside v1: 401, 403, 404, 400; or 500 with the same body; or 200",
        question=None,
        section="§2",
        choices=("meaningful", "5xx", "200"),
        reference=_SCHEMA,
    )
    v2_writes: str = switch(
        "open", "Table writes on v2 still work", question=1, section="§3", choices=("open", "closed"), reference=_SCHEMA
    )
    v2_writer: str = switch(
        "both",
        "Which credential may write tables on v2",
        question=1,
        section="§2",
        choices=("both", "ticket", "login"),
        reference=_SCHEMA,
    )
    v2_outside: str = switch(
        ("gone", "gone", "forbidden"),
        "A workspace in which a ticket's application is not installed: not there, or no right",
        question=None,
        section="§15",
        choices=("gone", "forbidden"),
        reference=_SCHEMA,
    )
    v2_omitted_fields: str = switch(
        ("kept", "kept", "deleted"),
        "A field left out of a table update, and not named for deletion",
        question=None,
        section="§3.3",
        choices=("kept", "deleted"),
        reference=_SCHEMA,
    )
    v2_alias: str = switch(
        ("short", "short", "dotted"),
        "A field's alias reads `key` or `table.key`",
        question=None,
        section="§3",
        choices=("short", "dotted"),
        reference=_SCHEMA,
    )
    v2_relation: str = switch(
        ("accept", "accept", "refuse"),
        "A relation field is created from the body of the vendor's library, which never worked there",
        question=2,
        section="§4.2",
        choices=("accept", "refuse"),
        reference=_SCHEMA,
    )
    gateway_500_status: int = switch(
        (500, 500, 200),
        "HTTP status of the gateway's 500, bare or with its reason",
        question=None,
        section="§3.1",
        choices=(500, 200),
        reference=_AUTOMATION,
    )
    gateway_scripts: str = switch(
        "check",
        "A variable of no field is refused with `script_error`, or taken",
        question=None,
        section="§3.1",
        choices=("check", "take"),
        reference=_AUTOMATION,
    )
    gateway_id_key: str = switch(
        ("automation_id", "automation_id", "button_id"),
        "A button's id comes as `automation_id` or as `button_id`",
        question=3,
        section="§3.1",
        choices=("automation_id", "button_id"),
        reference=_AUTOMATION,
    )
    gateway_starts: str = switch(
        "enable",
        "A created automation starts enabled or not",
        question=4,
        section="§3.1",
        choices=("enable", "disable"),
        reference=_AUTOMATION,
    )
    gateway_list: str = switch(
        ("admin", "admin", "member"),
        "Who may list a table's automations",
        question=None,
        section="§3.1",
        choices=("admin", "member"),
        reference=_AUTOMATION,
    )
