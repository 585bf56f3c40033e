"""A workout on a card: step by step, how to run it, and what to mind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from rich.table import Table
from rich.text import Text

from hillfinder.output.text import phrases
from hillfinder.output.text.console_text import letters, printed
from hillfinder.output.text.sanitize import plain
from hillfinder.output.text.sparkline import sparkline
from hillfinder.sessions import session_kind
from hillfinder.streets.tags.roads import road_of
from hillfinder.training.cautions import MARK_SINGULARS
from hillfinder.units import Length, Name, Pace, Part, Sentence, clock, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from hillfinder.criteria import Criteria
    from hillfinder.model import Findings, Gravity, Hill, Mark, Safety, Step, Workout
    from hillfinder.units import Units

    #: A sentence and its gravity, ``""`` where it is no caution.
    Said = tuple[str, Gravity | Literal[""]]

#: Width of the profile, characters.
SPARKLINE: Final = 24
#: Most marks on a line that are named one by one.
MARKS: Final = 6
_STYLE: Final[dict[str, str]] = {"avoid": "red", "mind": "yellow"}
_STEP_LABELS: Final = {
    "warm-up": "Warm-up",
    "easy": "Easy",
    "cool-down": "Home",
    "recovery": "down",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A workout as rich prints it: as wide as the console, without colour where it has none.

    Every line is ``Text``, never markup.

    Attributes:
        workout: the workout.
        findings: the search that it comes from.
        units: metres and kilometres, or feet and miles.
        below: sentences at the end.
    """

    workout: Workout
    findings: Findings
    units: Units = "metric"
    below: tuple[str, ...] = ()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield the heading, the steps and the sections."""
        workout = self.workout
        yield letters(session_heading(workout, self.units), options, "bold")
        for hill in workout.hills:
            yield letters(self._hill(hill), options)
            if not options.ascii_only:
                yield sparkline(hill, min(SPARKLINE, options.max_width))
        yield letters(self._runner(), options)
        yield Text()
        yield self._steps(options)
        for title, lines in self.sections():
            yield from self._section(title, lines, options)
        yield Text()
        for line in (*phrases.conditions(self.findings, self.units), *self.below):
            yield letters(line, options)
        for source in phrases.credits_of(self.findings, self.units):
            yield letters(source, options, "dim")

    def _hill(self, hill: Hill) -> str:
        """Return the figures of a hill in one line."""
        name = f"{hill.rank}  {plain(hill.name, phrases.NAME_LETTERS)}: " if self._several else ""
        return name + ", ".join(hill_figures(hill, self.units)) + "."

    def _runner(self) -> str:
        """Return whom it is for: all times follow from that."""
        asked = self.findings.criteria
        who = "walker" if asked.walk else f"{self.workout.level} runner"
        who = "runner new to hills" if who == "new runner" else who
        return f"For a {who}, easy pace {Pace(asked.flat_speed_m_s).text(self.units)}."

    @property
    def _several(self) -> bool:
        return session_kind(self.workout.session).over_several

    def sections(self) -> Iterator[tuple[str, list[Said]]]:
        """Yield headings, each with the sentences below it."""
        yield "How to run it", [(cue, "") for cue in self.workout.cues]
        for hill in self.workout.hills:
            yield from sections(hill, self.units, several=self._several)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield label, time, distance, gain, pace and effort of each part, then the total."""
        for number, step in _grouped(self.workout.steps):
            yield self._cells(number, step)
        climbed = self.workout.gain_m
        yield (
            "In all",
            phrases.minutes(self.workout.time_s),
            phrases.distance(self.workout.length_m, self.units),
            f"+{phrases.length(climbed, self.units)}" if climbed is not None else phrases.UNKNOWN,
            "",
            "",
        )

    def _steps(self, options: ConsoleOptions) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, min_width=10)
        for _ in range(4):
            table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="fold")
        *parts, whole = self.rows()
        for row in parts:
            table.add_row(*(letters(cell, options) for cell in row))
        table.add_row(*(letters(cell, options, "bold") for cell in whole))
        return table

    def _cells(self, number: int, step: Step) -> tuple[str, ...]:
        """Return one row of ``rows``."""
        route = step.route
        short = step.kind in {"repeat", "recovery"}
        gain = route.gain_m
        climbed = "" if step.kind == "recovery" else phrases.UNKNOWN
        if gain is not None and step.kind != "recovery":
            climbed = f"+{phrases.length(gain, self.units)}"
        label = _STEP_LABELS.get(step.kind, "")
        if step.kind == "repeat":
            label = f"Hill {step.rank}" if self._several else "Up"
            label = f"{number} x up" if number > 1 else label
        elif step.kind == "recovery":
            label = f"{number} x down" if number > 1 else "Down"
        walked = step.kind == "recovery" and phrases.gait(step) == "walk"
        timed = step.time_s > 0 and not walked
        return (
            label,
            clock(step.time_s) if short else phrases.minutes(step.time_s),
            (phrases.ground if short else phrases.distance)(route.length_m, self.units),
            climbed,
            Pace(route.length_m / step.time_s).text(self.units) if timed else "",
            _how(step, self.workout, self.findings.criteria),
        )

    def _section(
        self, title: str, lines: Sequence[Said], options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield a heading and its lines, or nothing where there is no line."""
        if not lines:
            return
        yield Text()
        yield letters(title, options, "bold")
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold", ratio=1)
        for line, gravity in lines:
            style = _STYLE.get(gravity, "")
            grid.add_row(
                Text("!" if style else "-", style),
                letters(phrases.said(line, self.units), options, style),
            )
        yield grid


def hill_figures(hill: Hill, units: Units = "metric") -> list[str]:
    """Return the figures of a hill as a person reads them, its grade first."""
    known = [
        f"{phrases.mean_grade(hill)} (trust: {hill.confidence})",
        phrases.ground(hill.climb.length_m, units),
        f"{phrases.length(hill.climb.gain_m, units)} up",
        f"steepest {phrases.percent(hill.climb.max_grade)}",
    ]
    surface, lit = phrases.tag(hill, "surface"), road_of(hill.climb.tags).lit
    known.append("surface not known" if surface == phrases.UNKNOWN else surface)
    return [*known, *{True: ["lit"], False: ["not lit"], None: []}[lit]]


def sections(
    hill: Hill, units: Units = "metric", *, several: bool = False
) -> Iterator[tuple[str, list[Said]]]:
    """Yield headings about a hill and the way to it, each with its sentences.

    Args:
        hill: the hill.
        units: of what is joined here; ``phrases.said`` converts the sentences.
        several: headings name the hill, and the way to it is left out.
    """
    if hill.fit is not None:
        yield f"How hill {hill.rank} fits", [(phrases.fit_words(hill.fit, units), "")]
    notes: list[Said] = [(note, "") for note in hill.notes]
    marks: list[Said] = []
    cautioned = hill.safety is None or any(each.topic == "path" for each in hill.safety.cautions)
    if hill.safety and hill.safety.marks and not cautioned:
        marks = [(_marks(hill.safety.marks), "")]
    on_hill = [*notes, *_cautions(hill.safety), *marks, *_unknown(hill.safety)]
    yield f"On hill {hill.rank}" if several else "On the hill", on_hill
    if not several:
        # Marks on the way there are in its cautions: a list of them would be long.
        there = [*_cautions(hill.approach_safety), *_unknown(hill.approach_safety)]
        yield "On the way there", there


def session_heading(workout: Workout, units: Units = "metric") -> str:
    """Return the heading of a workout."""
    kind = session_kind(workout.session)
    if kind.over_several:
        return f"A run over {count(len(workout.hills), 'hill')}: " + phrases.totals(workout, units)
    hill = workout.hills[0]
    name = plain(hill.name, phrases.NAME_LETTERS) or phrases.UNKNOWN
    return f"{kind.title} hill {hill.rank}: {name}"


def card_text(
    workout: Workout,
    findings: Findings,
    console: Console | None = None,
    *,
    units: Units = "metric",
    below: tuple[str, ...] = (),
) -> str:
    """Return the card as a console prints it; without one 80 columns wide, without colour."""
    return printed(console, Card(workout, findings, units, below))


def _grouped(steps: Sequence[Step]) -> Iterator[tuple[int, Step]]:
    """Yield steps with their number; pairs that follow each other unchanged are counted."""
    at = 0
    while at < len(steps):
        pair = steps[at : at + 2]
        number = 1
        if [step.kind for step in pair] == ["repeat", "recovery"]:
            while _same_pair(pair, steps[at + 2 * number : at + 2 * number + 2]):
                number += 1
            yield from ((number, step) for step in pair)
            at += 2 * number
        else:
            yield 1, steps[at]
            at += 1


def _same_pair(pair: Sequence[Step], other: Sequence[Step]) -> bool:
    return len(other) == len(pair) and all(
        (one.kind, one.rank, one.time_s, one.route) == (two.kind, two.rank, two.time_s, two.route)
        for one, two in zip(pair, other, strict=True)
    )


def _how(step: Step, workout: Workout, criteria: Criteria) -> str:
    """Return the effort of a part, in a word or two."""
    if step.kind == "repeat":
        if criteria.walk:
            return "briskly"
        return session_kind(workout.session).feel
    if step.kind == "recovery":
        return phrases.gait(step)
    if step.kind == "warm-up" and step.route.shape == "detour":
        return "easy, by a detour"
    return "easy"


def _cautions(safety: Safety | None) -> list[Said]:
    cautions = safety.cautions if safety is not None else ()
    before = {"avoid": "Avoid it: "}
    return [(Sentence(before.get(each.gravity, ""), each.text), each.gravity) for each in cautions]


def _unknown(safety: Safety | None) -> list[Said]:
    """Return what the map does not say about a line."""
    if safety is None or not safety.unknown:
        return []
    between = ("; " if at else "Not known: " for at in range(len(safety.unknown)))
    parts = (part for pair in zip(between, safety.unknown, strict=True) for part in pair)
    return [(Sentence(*parts, "."), "")]


def _marks(marks: Sequence[Mark]) -> Sentence:
    """Return the marks on a line: where each is, or their number where there are many.

    >>> from hillfinder.model import Mark
    >>> print(_marks([Mark("driveway", 40.2, 0, 0), Mark("side street", 90, 0, 0, "Oak Street")]))
    At 40 m a driveway; at 90 m a side street (Oak Street).
    """
    if len(marks) > MARKS:
        kinds = Counter(mark.kind for mark in marks)
        text = "; ".join(f"{kind}: {number}" for kind, number in kinds.items())
        return Sentence(f"{text[:1].upper()}{text[1:]}.")
    parts: list[Part] = []
    for mark in marks:
        name = plain(mark.name, 40)
        parts += ["; at " if parts else "At ", Length(mark.distance_m), f" {_one(mark.kind)}"]
        parts += [" (", Name(name), ")"] if name else []
    return Sentence(*parts, ".")


def _one(kind: str) -> str:
    return f"a {MARK_SINGULARS.get(kind, kind)}"
