"""Cycles in parent chains: each found once, as the path an error can name.

Source: scoring.md S3 (cycle = error naming the path).
"""

from __future__ import annotations

from collections.abc import Mapping


def find_cycles(parents: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Find every cycle of a child → parent mapping.

    Args:
        parents: Child code → parent code, at least for all members of cycles.

    Returns:
        Each cycle once, starting at its smallest code, in order of that code; what only hangs below is left out.
    """
    found: dict[str, tuple[str, ...]] = {}
    settled: set[str] = set()
    for start in sorted(parents):
        path: list[str] = []
        at = start
        while at in parents and at not in settled and at not in path:
            path.append(at)
            at = parents[at]
        if at in path:
            ring = path[path.index(at) :]
            first = ring.index(min(ring))
            found[min(ring)] = tuple(ring[first:] + ring[:first])
        settled.update(path)
    return [found[code] for code in sorted(found)]
