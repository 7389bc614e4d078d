"""The v2 tables plane: creates tables and the fields whose create form was recovered; off unless the profile asks.

Standing: the old 云存储接口, once documented, read out of the vendor's own libraries of 2016–2023; nothing here was
ever run by us against a live workspace. So every wire fact carries its mark, every creation is read back before it is
believed, and whatever was not recovered (members, calculations, sub-tables, files …) stays a manual step.

Reading order: ``endpoints`` (every path) → ``envelope`` (bare answers) → ``fields`` (neutral → create form) →
``read_back`` → ``tables`` (the schema sink and the harmless probe). Reads for planning stay on v1.

Source: schema-plane.md §1–§4, §17.
"""

from huoban_perf.platforms.huoban.v2.fields import RECOVERED_KINDS
from huoban_perf.platforms.huoban.v2.tables import V2Tables

__all__ = ["RECOVERED_KINDS", "V2Tables"]
