"""Measured lines as JSON, CSV and a table: the names that other programs rely on.

Numbers are rounded to what they can carry: lengths to 0.1 m, gains to 0.01 m, grades (ratios) to
4 decimals. What is unknown is ``null``; no key is ever missing.
"""

from __future__ import annotations

import csv
import io
import json
import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from hillfinder.output.text import phrases as words
from hillfinder.output.text.sanitize import LEFT_TO_RIGHT, is_right_to_left, plain
from hillfinder.results.line_input import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from hillfinder.results.graded_line import GradedLine, GradedLines
    from hillfinder.units import Units

#: The figures of a line, in order.
FIGURES: Final = ("length_m", "gain_m", "grade", "grade_sigma", "steepest_30m", "steepest_100m")
#: The columns of CSV and of ``Grades.frame``, in order.
COLUMNS: Final = (*FIGURES, "properties")

_LENGTH, _HEIGHT, _GRADE = 1, 2, 4
#: Longer labels are cut in the table.
LABEL_LIMIT: Final = 60
#: From so many columns on, a table has room for all figures and a label.
WIDE: Final = 72


def rows(grades: GradedLines) -> list[dict[str, Any]]:
    """Return one row a line, with the keys of ``COLUMNS``, in the order given."""
    return [
        {
            "length_m": _number(line.length_m, _LENGTH),
            "gain_m": _number(line.gain_m, _HEIGHT),
            "grade": _number(line.grade, _GRADE),
            "grade_sigma": _number(line.grade_sigma, _GRADE),
            "steepest_30m": _number(line.steepest(30), _GRADE),
            "steepest_100m": _number(line.steepest(100), _GRADE),
            "properties": _simple(dict(line.properties)),
        }
        for line in grades
    ]


def to_json(grades: GradedLines) -> str:
    """Return the contract of ``hillfinder grade --format json``, ending in a newline.

    .. code-block:: text

        {"lines": [{"length_m", "gain_m", "grade", "grade_sigma", "steepest_30m", "steepest_100m",
                    "properties": {...}}]}

    Gain and grade are from the first point to the last, negative where the line falls; the
    steepest 30 and 100 m are those farthest from level, negative where they fall. Properties are
    those that were given: all characters but ASCII are escaped, so that every one of them comes
    back as it was.
    """
    return json.dumps({"lines": rows(grades)}, allow_nan=False, indent=1) + "\n"


def to_csv(grades: GradedLines) -> str:
    """Return one row a line under ``COLUMNS``; what is unknown is empty, properties are JSON."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {**row, "properties": json.dumps(row["properties"], allow_nan=False)}
        for row in rows(grades)
    )
    return file.getvalue()


def remarks(grades: GradedLines, units: Units = "metric") -> Iterator[str]:
    """Yield what there is to say beside the figures."""
    if grades.skipped:
        yield f"Skipped, being no lines: {plain(counted(grades.skipped))}."
    unknown = len(grades) - grades.measured
    if unknown:
        which = f"{unknown} of {len(grades)} lines" if grades.measured else "No line"
        yield (
            f"{which} could {'not ' if grades.measured else ''}be measured: no height is known at "
            "an end, or the line has no length. Give an elevation model that covers it."
        )
    yield words.height_source(grades.heights, units)


def to_text(grades: GradedLines, console: Console | None = None, *, units: Units = "metric") -> str:
    """Return the table as text, without spaces at the ends of lines.

    Args:
        grades: what was measured.
        console: how wide it may be, and with what letters; ``None`` is 80 columns.
        units: metres, or feet.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hillfinder.output.text.console_text import letters, printed

    console = console or Console(file=io.StringIO(), width=80, color_system=None)
    ascii_only = console.options.ascii_only
    spans = (words.length(30, units), words.length(100, units))
    meaning = "Grades run along the line as drawn: from end to end ± one standard deviation"
    # A number cut short is another number: where there is no room, two of them stay away.
    heads = ["Length", "Gain", "Grade"]
    if console.width >= WIDE:
        heads += spans
        meaning += f", and over its steepest {' and '.join(spans)}"
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Line", overflow="fold", ratio=1)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for number, line in enumerate(grades, start=1):
        cells = islice(_cells(number, line, units, ascii_only=ascii_only), 2 + len(heads))
        table.add_row(*map(Text, cells))
    below = (letters(text, console.options) for text in (f"{meaning}.", *remarks(grades, units)))
    return printed(console, table, "", *below)


def _cells(number: int, line: GradedLine, units: Units, *, ascii_only: bool) -> Iterator[str]:
    label = plain(_label(line), LABEL_LIMIT)
    grade = words.mean_grade(line)
    if ascii_only:
        label, grade = label.replace("…", "..."), grade.replace("±", "+/-")
    elif is_right_to_left(label):
        # Keeps the numbers beside a Hebrew or Arabic name from being drawn into its order.
        label = f"{label}{LEFT_TO_RIGHT}"
    yield str(number)
    yield label
    yield words.length(line.length_m, units)
    yield words.length(line.gain_m, units)
    yield grade
    yield words.percent(line.steepest(30))
    yield words.percent(line.steepest(100))


def _label(line: GradedLine) -> str:
    """Return the name of a line, or else all that is said of it."""
    said = {str(key).lower(): value for key, value in line.properties.items()}
    name = said.get("name")
    if isinstance(name, str) and name.strip():
        return name
    values = (f"{key}={value}" for key, value in line.properties.items() if value is not None)
    return ", ".join(values)


def _number(value: float, decimals: int) -> float | None:
    """Return a rounded number, or ``None`` for what is not a number."""
    return round(float(value), decimals) + 0.0 if math.isfinite(value) else None


def _simple(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a property as JSON can hold it: a table may have times and numbers of NumPy."""
    if isinstance(value, dict):
        return {str(key): _simple(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_simple(part) for part in value]
    if hasattr(value, "tolist"):
        return _simple(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
