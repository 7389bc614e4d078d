"""Calls: what one HTTP call to a platform needs and no platform has to itself.

``wire`` (answers, bodies, counting, silence), ``retry`` (what is repeated), ``identity`` (secrets stay out of
everything), ``paging`` (every row once), ``options`` (how patient to be), ``places``
(which workspace is meant), ``errors`` (was it sent at all?). The
adapters add their addresses, envelopes and words. Knows no platform.
"""
