"""Platforms: one adapter a no-code platform; all HTTP to such a platform is here, and so are its words.

An adapter's ``connect`` returns a ``core.ports.Connection`` and lets nothing of its wire out: no HTTP, no platform id
types, no exception of a library. May import ``core`` only. Start reading at ``huoban/connect.py``.
"""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
