"""Pages: blocks over tables, views and forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.schema import NUMBER_KINDS, BlockKind, BlockSpec, FieldKind, Measure, PageSpec
from huoban_perf.template.compiling.fields import labels_of, optional_labels
from huoban_perf.template.compiling.rules import compile_rules
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.page_model import BlockText, PageText

_NEEDS: Final = {
    BlockKind.INDICATOR: ("table",),
    BlockKind.PROGRESS: ("table",),
    BlockKind.BAR: ("table", "group_by"),
    BlockKind.LINE: ("table", "group_by"),
    BlockKind.PIE: ("table", "group_by"),
    BlockKind.FUNNEL: ("table", "group_by"),
    BlockKind.PIVOT: ("table", "group_by"),
    BlockKind.LIST: ("view",),
    BlockKind.FORM: ("form",),
    BlockKind.TEXT: ("text",),
}
_COUNTED: Final = NUMBER_KINDS | {FieldKind.FORMULA, FieldKind.ROLLUP}


def compile_page(scope: Scope, place: Place, page: PageText) -> PageSpec | None:
    """Return a page.

    Args:
        scope: What names lead to.
        place: The file.
        page: What it says.

    Returns:
        The page; None when nothing on it is left in this app.
    """
    if not scope.has(page.feature):
        return None
    for row, role in enumerate(page.roles):
        scope.role(place.at("roles", row), role)
    blocks = tuple(_blocks(scope, place, page))
    if not blocks:
        return None
    address = Address(ObjectKind.PAGE, (page.key,))
    scope.stands(address, place)
    return PageSpec(address=address, labels=labels_of(page.labels), roles=page.roles, blocks=blocks)


def _blocks(scope: Scope, place: Place, page: PageText) -> Iterator[BlockSpec]:
    for index, block in enumerate(page.blocks):
        here = place.at("blocks", index)
        if scope.has(block.feature) and not scope.leaves_out(here, _table_of(block) or next(iter(scope.tables), "")):
            yield _block(scope, here, block)


def _table_of(block: BlockText) -> str | None:
    named = block.view or block.form
    return block.table or (named.split(".")[0] if named else None)


def _block(scope: Scope, place: Place, block: BlockText) -> BlockSpec:
    missing = tuple(name for name in _NEEDS[block.kind] if getattr(block, name) is None)
    if missing:
        scope.report(place, "template.block_needs", kind=block.kind.value, keys=missing)
    if (block.measure is Measure.COUNT) != (block.value is None):
        scope.report(place, "template.block_measure", measure=block.measure.value)
    key = _table_of(block)
    table = scope.table(place.at("table"), key) if key is not None else None
    name = table.key if table is not None else ""
    field = {
        part: scope.field_of_kind(place.at(part), name, getattr(block, part) if table else None, kinds)
        for part, kinds in (("value", _COUNTED), ("group_by", frozenset(FieldKind)), ("split_by", frozenset(FieldKind)))
    }
    return BlockSpec(
        kind=block.kind,
        labels=labels_of(block.labels),
        table=table.address if table is not None else None,
        rows=compile_rules(scope, place.at("rows"), block.rows if table else (), table=name),
        measure=block.measure,
        **field,
        view=scope.named(place.at("view"), ObjectKind.VIEW, block.view) if block.view else None,
        form=scope.named(place.at("form"), ObjectKind.FORM, block.form) if block.form else None,
        text=optional_labels(block.text),
        most=block.most,
        width=block.width,
        height=block.height,
    )
