"""Measured lines, and their figures as JSON, CSV and tables: names that other programs rely on.

Numbers are rounded as in ``output.records``. What is unknown is ``null``; no key is ever missing.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hillfinder.output.records import GRADE, HEIGHT, LENGTH, rounded
from hillfinder.output.text import phrases
from hillfinder.output.text.sanitize import LEFT_TO_RIGHT, is_right_to_left, plain
from hillfinder.results.grading.line_input import counted_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geopandas import GeoDataFrame
    from rich.console import Console

    from hillfinder.model import HeightSource
    from hillfinder.results.grading.graded_line import GradedLine
    from hillfinder.units import Units

#: The figures of a line, in order.
FIGURES: Final = ("length_m", "gain_m", "grade", "grade_sigma", "steepest_30m", "steepest_100m")
#: The columns of CSV and of ``Grades.frame``, in order.
GRADE_COLUMNS: Final = (*FIGURES, "properties")
#: Longest label in the table, characters.
LABEL_LIMIT: Final = 60
#: Narrowest console in which the table has all figures, columns.
WIDE: Final = 72


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Grades:
    """Measured lines in the order given: a sequence of ``GradedLine``.

    Attributes:
        lines: the lines.
        heights: where the heights come from.
        skipped: the number of things of each other kind that were given.
        table: a row for each line, where they were given as a table.
    """

    lines: tuple[GradedLine, ...]
    heights: HeightSource
    skipped: Mapping[str, int]
    table: GeoDataFrame | None = None

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.lines)

    def __iter__(self) -> Iterator[GradedLine]:
        """Yield the lines in order."""
        return iter(self.lines)

    def __getitem__(self, index: int) -> GradedLine:
        """Return one line, counted from 0."""
        return self.lines[index]

    @property
    def measured(self) -> int:
        """The number of lines that have a grade."""
        return sum(bool(np.isfinite(line.grade)) for line in self.lines)

    @property
    def frame(self) -> GeoDataFrame:
        """The lines as a table in EPSG:4326, with the columns ``GRADE_COLUMNS``.

        Lines that were given as a table keep its index and its columns, and ``FIGURES`` follow.
        Each part of a MultiLineString is a row under the same index; rows without a line are left
        out. A column that has the name of a figure is kept as ``<name>_given``.

        Of other lines ``frame["properties"].str["name"]`` is one property as a column.
        """
        from geopandas import GeoDataFrame, GeoSeries
        from shapely import LineString

        rows = self._rows()
        figures = {name: np.array([row[name] for row in rows], float) for name in FIGURES}
        given = [line.line for line in self.lines]
        # shapely has no line of one point: such a row has an empty one.
        shapes = [
            LineString(np.column_stack([g.lon, g.lat]) if len(g.lon) > 1 else None) for g in given
        ]
        if self.table is None:
            properties = [dict(line.properties) for line in self.lines]
            geometry = GeoSeries(shapes, crs="EPSG:4326")
            return GeoDataFrame({**figures, "properties": properties}, geometry=geometry)
        renamed = {name: f"{name}_given" for name in figures if name in self.table}
        while any(name in self.table for name in renamed.values()):
            renamed = {name: f"{new}_given" for name, new in renamed.items()}
        table = self.table.set_geometry(GeoSeries(shapes, self.table.index, crs="EPSG:4326"))
        return table.rename(columns=renamed).assign(**figures)

    def to_json(self) -> str:
        """Return the contract of ``hillfinder grade --format json``, ending in a newline.

        .. code-block:: text

            {"lines": [{"length_m", "gain_m", "grade", "grade_sigma", "steepest_30m",
                        "steepest_100m", "properties": {...}}]}

        Gain and grade are from the first point to the last, negative where the line falls; the
        steepest 30 and 100 m are those farthest from level, negative where they fall. Properties
        come back as they were given: all characters but ASCII are escaped.
        """
        return json.dumps({"lines": self._rows()}, allow_nan=False, indent=1) + "\n"

    def to_csv(self) -> str:
        """Return a row a line under ``GRADE_COLUMNS``, empty where unknown, properties as JSON."""
        file = io.StringIO()
        writer = csv.DictWriter(file, GRADE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {**row, "properties": json.dumps(row["properties"], allow_nan=False)}
            for row in self._rows()
        )
        return file.getvalue()

    def to_text(self, console: Console | None = None, *, units: Units = "metric") -> str:
        """Return the table as text, without spaces at the ends of lines.

        Args:
            console: how wide it may be, and with what letters; ``None`` is 80 columns.
            units: metres, or feet.
        """
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        from hillfinder.output.text.console_text import letters, printed

        console = console or Console(file=io.StringIO(), width=80, color_system=None)
        ascii_only = console.options.ascii_only
        spans = (phrases.length(30, units), phrases.length(100, units))
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
        for number, line in enumerate(self, start=1):
            cells = islice(_figures(number, line, units, ascii_only=ascii_only), 2 + len(heads))
            table.add_row(*map(Text, cells))
        below = (letters(text, console.options) for text in (f"{meaning}.", *self.remarks(units)))
        return printed(console, table, "", *below)

    def remarks(self, units: Units = "metric") -> Iterator[str]:
        """Yield what there is to say beside the figures."""
        if self.skipped:
            yield f"Skipped, being no lines: {plain(counted_kinds(self.skipped))}."
        unknown = len(self) - self.measured
        if unknown:
            which = f"{unknown} of {len(self)} lines" if self.measured else "No line"
            yield (
                f"{which} could {'not ' if self.measured else ''}be measured: no height is known "
                "at an end, or the line has no length. Give an elevation model that covers it."
            )
        yield phrases.height_source(self.heights, units)

    def _rows(self) -> list[dict[str, Any]]:
        """Return one row a line, with the keys of ``GRADE_COLUMNS``."""
        return [
            {
                "length_m": rounded(line.length_m, LENGTH),
                "gain_m": rounded(line.gain_m, HEIGHT),
                "grade": rounded(line.grade, GRADE),
                "grade_sigma": rounded(line.grade_sigma, GRADE),
                "steepest_30m": rounded(line.steepest(30), GRADE),
                "steepest_100m": rounded(line.steepest(100), GRADE),
                "properties": _as_json(dict(line.properties)),
            }
            for line in self
        ]

    def __repr__(self) -> str:
        """Return the number of lines, and by which heights they were measured."""
        return f"<Grades of {len(self)} lines by {self.heights.name}>"

    def _repr_html_(self) -> str:
        """Return a table for a notebook, in which all text is shown as text."""
        return str(self.frame.drop(columns="geometry")._repr_html_())


def _figures(number: int, line: GradedLine, units: Units, *, ascii_only: bool) -> Iterator[str]:
    """Yield the cells of a row of the table."""
    label = plain(_label(line), LABEL_LIMIT)
    grade = phrases.mean_grade(line)
    if ascii_only:
        label, grade = label.replace("…", "..."), grade.replace("±", "+/-")
    elif is_right_to_left(label):
        label = f"{label}{LEFT_TO_RIGHT}"
    yield str(number)
    yield label
    yield phrases.length(line.length_m, units)
    yield phrases.length(line.gain_m, units)
    yield grade
    yield phrases.percent(line.steepest(30))
    yield phrases.percent(line.steepest(100))


def _label(line: GradedLine) -> str:
    """Return the name of a line, or else all its properties."""
    given = {str(key).lower(): value for key, value in line.properties.items()}
    name = given.get("name")
    if isinstance(name, str) and name.strip():
        return name
    values = (f"{key}={value}" for key, value in line.properties.items() if value is not None)
    return ", ".join(values)


def _as_json(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a property as JSON can hold it: a table may have times and numbers of NumPy."""
    if isinstance(value, dict):
        return {str(key): _as_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(part) for part in value]
    if hasattr(value, "tolist"):
        return _as_json(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
