"""State and rules of the embedded workspace, without HTTP.

``World`` (in ``state``) holds one part a concern: definitions (spaces, tables, fields, options), rows (items and the
index of their values), queries, pending batches, events and callbacks, keys, and the stepped clock. Every wire call is
one ``World.call``: one lock, one transaction.
"""

from huoban_perf.sandbox.world.state import World

__all__ = ["World"]
