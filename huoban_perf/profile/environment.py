"""The process environment, read in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment variables of this process."""
    return os.environ
