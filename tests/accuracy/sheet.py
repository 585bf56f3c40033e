"""The one table that the bench prints, and what the sections hand on to its last two parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Bools, Floats, Ints

WIDTH = 96
#: Draws of noise that choices are fitted on, and those that are reported.
SEEDS = {"fit": (101, 102, 103), "report": (201, 202, 203)}
#: Ways, and blocks, of even ids are fitted on; those of odd ids are reported.
PARITY = {"fit": 0, "report": 1}


@dataclass(frozen=True, slots=True)
class Half:
    """The part of the data that a run looks at: ``fit`` or ``report``."""

    name: str

    @property
    def seeds(self) -> tuple[int, ...]:
        return SEEDS[self.name]

    def has(self, ids: Ints) -> Bools:
        """Return which way ids belong to this half."""
        return np.asarray(ids % 2 == PARITY[self.name])


class Doubt(NamedTuple):
    """Errors of one kind, each divided by the sigma that was given with it, by method.

    ``fair`` says that the model's heights are as good as its cell size and its look promise.
    """

    what: str
    ratio: dict[str, Floats]
    fair: bool = True


class Target(NamedTuple):
    """What was to be shown, and what the run shows."""

    what: str
    wanted: str
    value: str
    met: bool


@dataclass(slots=True)
class Sheet:
    """Lines of plain text, and the doubts and targets of all sections."""

    lines: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def title(self, text: str, remark: str = "") -> None:
        """Begin a section."""
        self.lines += ["", text, "=" * len(text), *wrap(remark, WIDTH)]

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self.lines += ["", *wrap(text, WIDTH)]

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table: the first column flush left, the others flush right."""
        cells = [list(heads), *(list(row) for row in rows)]
        width = [max(map(len, column)) for column in zip(*cells, strict=True)]
        self.lines.append("")
        for row in cells:
            first, *rest = zip(row, width, strict=True)
            self.lines.append(
                "  ".join([first[0].ljust(first[1]), *(cell.rjust(size) for cell, size in rest)])
            )

    def target(self, what: str, wanted: str, value: str, *, met: bool) -> None:
        """Add a target to the last part."""
        self.targets.append(Target(what, wanted, value, met))

    def text(self) -> str:
        """Return the whole sheet."""
        return "\n".join(line.rstrip() for line in self.lines) + "\n"


def mean_error(error: Floats) -> float:
    """Return the mean absolute error in points, of errors as ratios; unknown ones are left out."""
    return 100 * float(np.nanmean(np.abs(error)))


def bias(error: Floats) -> float:
    """Return the mean error in points."""
    return 100 * float(np.nanmean(error))


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign, and a zero without one."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def within(ratio: Floats, sigmas: float) -> float:
    """Return the percentage of errors that lie within so many sigma."""
    known = ratio[~np.isnan(ratio)]
    return 100 * float((np.abs(known) <= sigmas).mean())
