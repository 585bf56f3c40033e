"""Findings as a table in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from hillfinder.output import colours
from hillfinder.output.text import phrases
from hillfinder.output.text.console_text import letters, printed
from hillfinder.output.text.sanitize import LEFT_TO_RIGHT, is_right_to_left, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, RenderableType

    from hillfinder.model import Findings, Hill
    from hillfinder.units import Units

#: Narrowest console that has a hill and its figures on one line, columns.
WIDE_COLUMNS: Final = 112
_TRUST: Final = {"high": "green", "medium": "yellow", "low": "red"}


@dataclass(frozen=True, slots=True)
class Report:
    """Findings as rich prints them: as wide as the console, without colour where it has none.

    Every cell is ``Text``, never markup: a street called ``[red]`` is shown as such.

    Attributes:
        findings: what was found.
        units: metres and kilometres, or feet and miles.
        below: sentences after the remarks.
    """

    findings: Findings
    units: Units = "metric"
    below: tuple[str, ...] = ()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield the heading, the table, the remarks and the sources."""
        findings = self.findings
        yield letters(phrases.heading(findings, self.units), options, "bold")
        yield Text()
        if findings.hills:
            yield (
                self._wide(options) if options.max_width >= WIDE_COLUMNS else self._narrow(options)
            )
            yield Text()
        for remark in (*phrases.notices(findings, self.units), *self.below):
            yield letters(remark, options)
        if findings.hills:
            yield letters("Grades are means from bottom to top ± one standard deviation.", options)
        for source in phrases.credits_of(findings, self.units):
            yield letters(source, options, "dim")

    def _wide(self, options: ConsoleOptions) -> Table:
        """Return one line a hill."""
        hills = self.findings.hills
        lit = any("lit" in hill.climb.tags for hill in hills)
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("Hill", overflow="fold", ratio=1)
        for head in ("Grade", "Steepest"):
            table.add_column(head, justify="right", no_wrap=True)
        table.add_column("Trust", no_wrap=True)
        for head in ("Length", "Gain", "Warm-up"):
            table.add_column(head, justify="right", no_wrap=True)
        table.add_column("Surface", overflow="fold", max_width=16)
        if lit:
            table.add_column("Lit", overflow="fold", max_width=10)
        for hill in hills:
            rank, name, grade, size, gain, warmup, surface = self._cells(hill, options)
            steepest = Text(phrases.percent(hill.climb.max_grade))
            more = [Text(phrases.tag(hill, "lit"))] if lit else []
            table.add_row(
                rank, name, grade, steepest, hill.confidence, size, gain, warmup, surface, *more
            )
        return table

    def _narrow(self, options: ConsoleOptions) -> Table:
        """Return two lines a hill, its name on a line of its own: names are long."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        heads = ("Grade", "Length", "Gain", "Warm-up", "Surface")
        table.add_row(
            Text("#", "bold"), _side_by_side(options, *(Text(head, "bold") for head in heads))
        )
        for hill in self.findings.hills:
            rank, name, *numbers = self._cells(hill, options)
            table.add_row(rank, Group(name, _side_by_side(options, *numbers)))
        return table

    def _cells(self, hill: Hill, options: ConsoleOptions) -> Iterator[Text]:
        """Yield rank, name, grade, length, gain, warm-up, surface."""
        name = plain(hill.name, phrases.NAME_LETTERS) or phrases.UNKNOWN
        mark = LEFT_TO_RIGHT if is_right_to_left(name) else ""
        dark = colours.colour_index(hill.grade) >= colours.FIRST_DARK
        chip = f"{'white' if dark else 'black'} on {colours.colour_of(hill.grade)}"
        yield letters(f"{mark}{hill.rank}", options, chip)
        yield letters(name, options, "bold")
        yield letters(mark + phrases.mean_grade(hill), options, _TRUST[hill.confidence])
        yield letters(phrases.ground(hill.climb.length_m, self.units), options)
        yield letters(phrases.length(hill.climb.gain_m, self.units), options)
        yield letters(phrases.warmup(hill, self.units), options)
        yield letters(phrases.tag(hill, "surface"), options)


def _side_by_side(options: ConsoleOptions, *cells: Text) -> Table:
    """Return grade, length, gain, warm-up and surface in columns that are alike for every hill."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in (14 if options.ascii_only else 12, 7, 7, 15):
        grid.add_column(justify="right", width=width)
    grid.add_column(overflow="fold")
    grid.add_row(*cells)
    return grid


def table_text(
    findings: Findings,
    console: Console | None = None,
    *,
    units: Units = "metric",
    below: tuple[str, ...] = (),
) -> str:
    """Return the table as a console prints it; without one 80 columns wide, without colour."""
    return printed(console, Report(findings, units, below))
