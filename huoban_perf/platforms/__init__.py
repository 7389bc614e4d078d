"""Platforms: one adapter a no-code platform; all HTTP to such a platform is here, and so are its words.

An adapter's ``connect`` returns a ``core.ports.Connection`` and lets nothing of its wire out: no HTTP, no platform id
types, no exception of a library. May import ``core`` only; no adapter imports another: what they share is ``calls``
(one HTTP call) and ``cells`` (one cell). Start reading at ``huoban/connect.py`` or
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
* A file may come back as well as go in (``FileSource`` beside ``FileSink``): Huoban's documented API gives none back.
* How many digits a number keeps is a property of a platform (``significant_digits``), asked before anything is carried.
* Being told of a change is a port of its own (``HintSink``); the hint says that, never what, so nothing is believed.
* A field that holds nothing (computed, a separator) may be missing without the app being undeployed: not every platform
  computes everything, and jobs write none of them.
* The newest changes first can be read where the platform has no such order: two walks, merged.
"""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
