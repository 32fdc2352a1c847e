"""Lines as CSV that a spreadsheet shows and never runs."""

import csv
import io
from collections.abc import Iterable, Sequence

from runtime.audit.models import Line
from runtime.kit.clock import HOSPITAL_ZONE

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
COLUMNS = (
    "at", "actor_kind", "actor_id", "actor_name", "address", "channel", "action", "object_type",
    "object_id", "outcome", "site", "facts",
)  # fmt: skip


def neutral_cell(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula.

    OWASP, "CSV Injection": cells that begin with = + - @, tab or line end, full-width ones too.
    """
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def csv_of(lines: Iterable[Line], headings: Sequence[str] = COLUMNS) -> bytes:
    """UTF-8 with the mark that spreadsheets look for; times are the hospital's, with offset."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(headings)
    for line in lines:
        writer.writerow([neutral_cell(_cell(line, name)) for name in COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(line: Line, name: str) -> str:
    if name == "at":
        return line.at.astimezone(HOSPITAL_ZONE).isoformat(timespec="milliseconds")
    return str(getattr(line, name) or "")
