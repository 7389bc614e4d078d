"""Which people are ranked together: calibration pools, small ones joined to their parent's.

Source: scoring.md S10 (Merging).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.scoring.rounding import sql_literal
from huoban_perf.scoring.workbench import fill


@dataclass(frozen=True, slots=True)
class Department:
    """One department as far as pools need it.

    Attributes:
        code: Department code.
        parent: Code of the parent, or None.
        pool: Named calibration pool, or None.
    """

    code: str
    parent: str | None
    pool: str | None

    @property
    def pool_name(self) -> str:
        """Name of the department's pool: its calibration pool, else itself."""
        return f"pool:{self.pool}" if self.pool else f"dept:{self.code}"


NO_DEPARTMENT = "none"
"""Pool of people without a department."""


@dataclass(frozen=True, slots=True)
class PoolTree:
    """Pools and their parents.

    Attributes:
        parents: Pool → parent pool, or None for a root.
        order: Pools from the deepest to the shallowest, equal depth by code bytes.
    """

    parents: Mapping[str, str | None]
    order: tuple[str, ...]


def pool_tree(departments: Mapping[str, Department]) -> PoolTree:
    """Hang the pools below each other.

    Args:
        departments: All departments by code, a tree.

    Returns:
        The tree of pools: a pool's parent is the pool above its shallowest department.

    Source: scoring.md S10.
    """
    depths: dict[str, int] = {}
    for code in departments:
        _depth(code, departments, depths)
    heads: dict[str, tuple[int, bytes, str]] = {}
    for code, department in departments.items():
        key = (depths[code], code.encode(), code)
        heads[department.pool_name] = min(key, heads.get(department.pool_name, key))
    parents: dict[str, str | None] = {NO_DEPARTMENT: None}
    for pool, (_, _, head) in heads.items():
        above = departments[head].parent  # shallower than the pool's head, so of another pool
        parents[pool] = None if above is None else departments[above].pool_name
    order = sorted(heads, key=lambda pool: (-heads[pool][0], heads[pool][1]))
    return PoolTree(parents, (*order, NO_DEPARTMENT))


def _depth(code: str, departments: Mapping[str, Department], depths: dict[str, int]) -> int:
    chain = []
    at: str | None = code
    while at is not None and at not in depths:
        chain.append(at)
        at = departments[at].parent
    depth = -1 if at is None else depths[at]
    for step in reversed(chain):
        depth += 1
        depths[step] = depth
    return depths[code]


@dataclass(frozen=True, slots=True)
class Merged:
    """Where a pool's people are ranked.

    Attributes:
        pool: The pool they ended up in.
        n: People of that pool.
        is_advisory: Still too small; quotas only advise.
    """

    pool: str
    n: int
    is_advisory: bool


def merge_pools(tree: PoolTree, counts: Mapping[str, int], *, least: int) -> dict[str, Merged]:
    """Join pools that are too small to their parent's.

    Args:
        tree: The pools.
        counts: Pool → people with a result, of one set of distribution settings.
        least: ``dist_min_n``.

    Returns:
        Pool → where its people are ranked, for every pool that has people.

    Source: scoring.md S10 (deepest first, then code bytes; a parent is judged in turn; a small root is advisory).
    """
    sizes = dict(counts)
    joined: dict[str, str] = {}
    for pool in tree.order:
        parent = tree.parents[pool]
        if 0 < sizes.get(pool, 0) < least and parent is not None:
            joined[pool] = parent
            sizes[parent] = sizes.get(parent, 0) + sizes[pool]
    merged = {}
    for pool in counts:
        at = pool
        while at in joined:
            at = joined[at]
        merged[pool] = Merged(at, sizes[at], sizes[at] < least)
    return merged


def sql_pool_name(alias: str) -> str:
    """Write a department row's pool name.

    Args:
        alias: Alias of the departments relation.

    Returns:
        A VARCHAR expression, ``none`` where there is no department.
    """
    return fill(
        "CASE WHEN $a.dept_code IS NULL THEN $none WHEN $a.calib_pool IS NOT NULL THEN 'pool:' || $a.calib_pool"
        " ELSE 'dept:' || $a.dept_code END",
        a=alias,
        none=sql_literal(NO_DEPARTMENT),
    )
