"""The adapter of NocoDB, a real no-code platform that runs on one's own machine, and its pinned local server.

Reading order: ``connect`` (what comes out) → ``items``, ``writing``, ``tables``, ``builder``, ``bases`` (what to ask) →
``bound``, ``values``, ``filters``, ``kinds`` (neutral ↔ wire) → ``transport``, ``answers`` (one call) → ``endpoints``.
``installation`` and ``server`` run the server itself. Every wire fact was tried on 0.265.1; its source is
``nocodb/api.md``, or "tried" where this room found it.

Invariants: columns are named by id, so a rename by hand breaks nothing; a filter sent is never narrower than the one
asked, and what comes back is filtered again; a creation whose answer was lost is looked for by natural key before it is
sent again; numbers are decimal digits on the wire, at most 15 of them; the token appears in no error, log or ``repr``.
"""

from huoban_perf.platforms.nocodb.connect import NocodbConnection, connect

__all__ = ["NocodbConnection", "connect"]
