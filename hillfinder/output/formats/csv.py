"""Hills as CSV (RFC 4180, UTF-8), for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from hillfinder.output.formats import Format
from hillfinder.output.records import HILL_COLUMNS, hill_rows

if TYPE_CHECKING:
    from hillfinder.model import Findings

#: Beginnings of text that a spreadsheet runs as a formula.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width ones run too


def to_csv(findings: Findings) -> str:
    """Return one row a hill under ``records.HILL_COLUMNS``, empty where unknown.

    Anyone can name a street ``=HYPERLINK(...)``: text that a spreadsheet would run as a formula
    gets an apostrophe in front, which marks it as text. Numbers are left alone.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HILL_COLUMNS)
    writer.writerows([_inert(value) for value in row.values()] for row in hill_rows(findings))
    return file.getvalue()


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


FORMAT = Format(
    name="csv",
    file="hills.csv",
    help="Write all hills as CSV.",
    about="all hills; text that a spreadsheet would run gets an apostrophe in front",
    make=lambda asked: to_csv(asked.findings),
)
