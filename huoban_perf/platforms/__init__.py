"""Platforms: one adapter a no-code platform; all HTTP to such a platform is here, and so are its words.

An adapter's ``connect`` returns a ``core.ports.Connection`` and lets nothing of its wire out: no HTTP, no platform id
types, no exception of a library. May import ``core`` only. Start reading at ``huoban/connect.py`` or
``nocodb/connect.py``. What every adapter must do is ``tests/contract/platform``; its ``GAPS`` say what each cannot.

What the ports learned from the second platform (each was a guess from the first):

* A batch may be done when the call returns, and its answer may name the items: ``RowReceipt.item_id``; rows are then
  confirmed by id, in one read, without waiting.
* Matching by key is not a platform's gift: an adapter may have to look, create, and look again whether a key stands
  twice. ``upserts_by_key`` only says who does it.
* An empty switch and one that is off are the same to people, and to some platforms: ``core.equality``.
* A table may be made with its fields in one call, and what a field computes is known by what it reads
  (``computed.reads()``), so order comes from there.
* A kind that holds nothing (a separator) is left out where it does not exist instead of stopping the plan.
* A filter sent may be wider than asked; whoever asks filters again. Not every order exists: by last change it does not.
* Bringing people in is a port of its own (``MemberSink``): the account has another form on each platform.
* What was believed of HTTP (retries, silence, counting) knew nothing of Huoban and serves both.
"""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
