"""The server's limits as named constants."""

from __future__ import annotations

PAGE_SIZE = 1000
"""Most items of one page. Source: nocodb/api.md, table of data requests."""

BATCH_SIZE = 500
"""Rows of one write; more are taken, but 0.301 answered 400 to exactly 1,000 and wrote them. Source: gotcha 7."""

URL_BYTES = 12_000
"""Longest address we send; 14,057 bytes passed and 18,707 gave status 431. Source: tried; gotcha 2."""

SIGNIFICANT_DIGITS = 15
"""Digits a number may have: the server keeps or answers binary floats. Source: gotchas 14, 16."""

SUPPORTED = "0.265"
"""The line of versions this adapter was tried on."""
