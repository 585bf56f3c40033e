"""What a runner should know of a hill beside its figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hillfinder.climbs.naming import Names
from hillfinder.model import STEEPEST_OVER_M, STEEPEST_STREET, Hill
from hillfinder.units import Duration, Grade, Length, Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hillfinder.criteria import Criteria
    from hillfinder.model import Confidence, HeightSource
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.training.suitability import Weighed

#: Cells of the elevation model that a climb must span, or its grade is a guess.
COARSE_CELLS = 3.0
#: Ratio of the steepest part to the mean from which a climb is uneven.
STEEP_PART = 1.5


@dataclass(frozen=True, slots=True)
class Notes:
    """What is said of a hill beside its figures.

    Attributes:
        criteria: what was asked for.
        heights: where the heights come from.
    """

    criteria: Criteria
    heights: HeightSource

    def of(self, hill: Hill) -> tuple[Sentence, ...]:
        """Return what a runner should know, most important first."""
        climb, approach = hill.climb, hill.approach
        first = hill.rank == 1 or not self.criteria.kind.over_several  # to the others one runs on
        there = None
        if first and approach is not None and approach.time_s < 60 * self.criteria.warmup_min[0]:
            there = Sentence(
                "The bottom is ",
                Duration(approach.time_s, "passed"),
                " away and no way round fills the warm-up: ",
                "walk" if self.criteria.walk else "run",
                " on a little before you start.",
            )
        figures = climb.length_m, climb.grade, climb.max_grade, climb.incline
        return self.of_figures(figures, hill.confidence, there)

    def of_figures(
        self,
        figures: tuple[float, float, float, int],
        trust: Confidence,
        there: Sentence | None = None,
    ) -> tuple[Sentence, ...]:
        """Return the notes on a hill, given its figures.

        Args:
            figures: its length, grade, steepest 30 m, and what the tag says.
            trust: the confidence in its grade.
            there: a note on the way there.
        """
        length_m, grade, steepest, incline = figures
        notes = []
        coarse = self.heights.cell_m > length_m / COARSE_CELLS
        if coarse:
            too = " are too coarse for so short a climb: take its grade as a guess."
            notes.append(Sentence("Heights every ", Length(self.heights.cell_m), too))
        if incline < 0:
            notes.append(
                Sentence(
                    "The map says that it falls where the heights rise: look before you plan on it."
                )
            )
        elif not coarse and trust == "low" and steepest <= STEEPEST_STREET:
            notes.append(Sentence("The grade is a guess: look at the hill before you plan on it."))
        if there:
            notes.append(there)
        part = Sentence("its steepest ", Length(STEEPEST_OVER_M), " rise ", Grade(steepest))
        if steepest > STEEPEST_STREET:
            expect = "Expect steps or a scramble, or a line drawn beside its slope."
            notes.append(Sentence("No street is as steep: ", part, f". {expect}"))
        elif steepest > STEEP_PART * grade:
            notes.append(Sentence("Uneven: ", part, "."))
        return tuple(notes)


def noted_hills(network: StreetNetwork, listed: Iterable[Weighed], notes: Notes) -> Iterator[Hill]:
    """Yield climbs in the order listed as hills, with their ranks, names and notes."""
    names = Names(network)
    for rank, (climb, approach, fit) in enumerate(listed, start=1):
        hill = Hill(rank, names.label(climb), climb, approach, fit=fit)
        yield replace(hill, notes=notes.of(hill))
