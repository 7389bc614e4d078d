"""Personal result sheets: one page that an employee understands, of a released result.

``model`` (what stands on a sheet), ``receipt`` (the released receipt as lines), ``voices`` (what raters said, as far as
it may be shown), ``collect`` (workspace → sheets), ``page`` (HTML without script), ``write`` (one file a person).

Promises, each with a test: only released results, unless HR previews, and then every page is watermarked; nobody's name
stands beside a rating but the person's own; a group that is hidden in the result is hidden here, with its figures and
its words; ranks, percentiles, coefficients and amounts are never on a sheet; a file's name holds a person's name only
when asked.

Source: issue 8 point 2; scoring.md S4.6, S4.7, S7 (receipt), S16; process.md 透明的流程, 申诉机制.
"""

from huoban_perf.documents.sheets.collect import SheetRequest, collect_sheets
from huoban_perf.documents.sheets.write import SheetFiles, SheetForm, write_sheets

__all__ = ["SheetFiles", "SheetForm", "SheetRequest", "collect_sheets", "write_sheets"]
