"""The adapter of Huoban (伙伴云): OpenAPI v1, two recovered planes beside it, and a builder for the embedded one.

``v2`` (tables) and ``gateway`` (automations) are off unless the profile asks; ``builder`` exists only in the embedded
workspace.

Reading order: ``connect`` (what comes out) → ``items``, ``tables``, ``members`` (what to ask) → ``bound``, ``values``,
``filters`` (neutral ↔ wire) → ``planes``, ``v2/``, ``gateway/`` (what else may be switched on) → ``paging`` →
``transport``, ``identity``, ``retry``, ``limiter``, ``envelope`` (one call) → ``endpoints`` (every path, with its
mark). Every wire fact names its section and mark of ``openapi-v1.md``, or names another file.

Invariants: a request waits for the limiter; a repeat is allowed by its endpoint, never by its verb; a filter is checked
before it is sent and its items are checked after; an accepted batch is *accepted*, not *done*; the key appears in no
error, log or ``repr``. Shares no code with ``sandbox``: the two meet in ``tests/contract/wire/``.
"""

from huoban_perf.platforms.huoban.config import HuobanOptions
from huoban_perf.platforms.huoban.connect import HuobanConnection, connect
from huoban_perf.platforms.huoban.control import ControlPlane
from huoban_perf.platforms.huoban.planes import PlaneAccess

__all__ = ["ControlPlane", "HuobanConnection", "HuobanOptions", "PlaneAccess", "connect"]
