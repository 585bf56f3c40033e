"""How well a hill suits a session, and why, in words.

Each thing that a runner looks for gets a worth from 0 to 1. The score is their weighted geometric
mean, so that five small merits do not make up for one serious fault. The unknown is neutral.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.errors import CriteriaError
from hillfinder.model import STEEPEST_STREET, Fit, Hill
from hillfinder.streets.geometry.crossings import Lookout
from hillfinder.streets.tags.quality import NEUTRAL, LineQuality, Worth
from hillfinder.training.targets import grade_worth, half_at, ideal, repeat_s, time_worth
from hillfinder.training.workout import longest_s
from hillfinder.units import Duration, Grade, Length, Sentence, count, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.climb_table import ClimbTable
    from hillfinder.model import Climb, Confidence, Floats, Ints, Mark, MarkKind, Route
    from hillfinder.streets.network import StreetNetwork

#: Length of the pieces whose grades are compared, m.
EVEN_PIECE_M = 30.0
#: Least length of a piece, as a share of the climb.
EVEN_PIECE_SHARE = 0.05
#: Deviation from the mean grade up to which a piece is even, as a share of that grade. At three
#: times the deviation it is as uneven as can be.
EVEN_SHARE = 0.2
#: Least value of that deviation, as a grade.
EVEN_GRADE = 0.01
#: Worth of a repeat that meets one of these in ``IN_THE_WAY_M``.
IN_THE_WAY: Mapping[MarkKind, float] = {
    "driveway": 0.95,
    "side street": 0.8,
    "barrier": 0.75,
    "crossing": 0.7,
    "gate": 0.6,
    "tracks": 0.6,
    "signals": 0.5,
}
#: Length of climb for which ``IN_THE_WAY`` is given, m.
IN_THE_WAY_M = 150.0
#: Steepest grade that is easy to walk down.
EASY_DOWN = 0.10
#: Grade beyond it at which the way down is half as good.
STEEP_DOWN = 0.08
#: Mean rise of a warm-up that is still easy, as a grade.
EASY_UP = 0.02
#: Grade beyond it at which a warm-up is half as good.
STEEP_UP = 0.04
#: Length below which a warm-up is too short to be steep, m.
SHORT_WAY_M = 200.0
#: Factor of the score by confidence: where the grade is doubtful, the hill may be another.
SURE: Mapping[Confidence, float] = {"high": 1.0, "medium": 0.97, "low": 0.4}
#: Worth from which a thing is named as good.
GOOD = 0.9
#: Worth below which a thing is named as bad.
BAD = 0.85
#: Upper bound of a weight: the sum of all stays finite.
MOST_WEIGHT = 1e9
#: Factor of the weight of light in the dark.
IN_THE_DARK = 6.0
#: Least worth that counts: no single fault brings the score to 0.
LEAST_WORTH = 0.02
#: Decimals of a score: of scores that are equal to these, the order by grade decides.
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each thing counts; only the ratios matter, and 0 leaves one out.

    Attributes:
        grade: how near the mean grade is to the ideal one, its uncertainty counted.
        evenness: how much of the climb rises like the whole.
        clear: crossings, side streets, gates and driveways on it.
        time: how near the time of a repeat is to the ideal one.
        traffic: who else uses the street, how fast, and whether there is a pavement.
        surface: how good the surface is to run on.
        descent: how steep the way down is, and how firm.
        warmup: whether the way there takes the time asked for, without much of a climb.
        light: whether it is lit; ``IN_THE_DARK`` times as much in the dark.

    Raises:
        CriteriaError: a weight is no number from 0 up, or all are 0.
    """

    grade: float = 6.0
    evenness: float = 4.0
    clear: float = 4.0
    time: float = 3.0
    traffic: float = 3.0
    surface: float = 2.0
    descent: float = 1.0
    warmup: float = 1.0
    light: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what cannot be a weight."""
        weights = asdict(self)
        wrong = [
            f"{what} {value:g}" for what, value in weights.items() if not 0 <= value < MOST_WEIGHT
        ]
        if wrong or not any(weights.values()):
            which = ", ".join(wrong) or "all are 0"
            msg = f"These weights weigh nothing ({which}): give numbers from 0 up, one above 0."
            raise CriteriaError(msg)

    @property
    def shares(self) -> dict[str, float]:
        """The weights, so that they add up to 1."""
        weights = asdict(self)
        return {what: value / sum(weights.values()) for what, value in weights.items()}


class Weighed(NamedTuple):
    """A climb with its warm-up, and how well it suits."""

    climb: Climb
    approach: Route
    fit: Fit


class Scales:
    """Scores the hills of one network for one session.

    Args:
        network: streets with profiles.
        criteria: the session.
        weights: how much each thing counts.
        dark: whether some of the session is in the dark; ``None`` if unknown.
        lookout: finds the marks on hills, and remembers them; ``None`` makes a new one.
    """

    def __init__(
        self,
        network: StreetNetwork,
        criteria: Criteria,
        weights: Weights | None = None,
        *,
        dark: bool | None = None,
        lookout: Lookout | None = None,
    ) -> None:
        """Prepare the weights and the ideal hill of the session."""
        weights = weights or Weights()
        if dark:
            weights = replace(weights, light=IN_THE_DARK * weights.light)
        self._criteria, self._shares, self._aim = criteria, weights.shares, ideal(criteria)
        self._quality = LineQuality(network.edge_way, network.ways.tags, dark=dark)
        self._lookout = lookout or Lookout(network)
        self._nodes_known = network.spots.nodes_known

    def weigh(
        self, climb: Climb, approach: Route | None, marks: Sequence[Mark] | None = None
    ) -> Fit:
        """Return how well a climb suits the session, and why.

        Args:
            climb: the hill.
            approach: the warm-up to it; ``None`` counts as neutral.
            marks: the marks on it; ``None`` looks them up.
        """
        seen = self._lookout.along(climb.legs) if marks is None else marks
        warmup = Worth(NEUTRAL) if approach is None else self._warmup(approach)
        return self._fit(climb, {**self._of_climb(climb, seen), "warmup": warmup})

    def listed(
        self,
        climbs: ClimbTable,
        rows: Ints,
        approach: Callable[[Climb], Route],
        shuns: Callable[[Climb], bool] | None = None,
    ) -> Iterator[Weighed]:
        """Yield the climbs to be listed, in the order asked for: by grade or by fit.

        Args:
            climbs: the climbs.
            rows: the rows to choose from, in the order by grade, shape (k,).
            approach: finds the warm-up to a climb.
            shuns: says which climbs come after all others by fit, because of the weather.
        """
        if self._criteria.rank == "fit":
            yield from self._best(climbs, rows, approach, shuns)
            return
        for row in rows[: self._criteria.limit].tolist():
            climb = climbs[row]
            way = approach(climb)
            yield Weighed(climb, way, self.weigh(climb, way))

    def _best(
        self,
        climbs: ClimbTable,
        rows: Ints,
        approach: Callable[[Climb], Route],
        shuns: Callable[[Climb], bool] | None,
    ) -> Iterator[Weighed]:
        """Yield the climbs that suit best, best first; the first in ``rows`` of equals.

        A best-first search: what is not yet known of a climb is assumed to be perfect, and a climb
        is yielded once it is scored in full and still ahead of all others.
        """
        left = self._criteria.limit
        known: dict[int, tuple[Climb, dict[str, Worth]]] = {}
        whole: dict[int, Weighed] = {}
        bounds = self._bounds(climbs, rows).tolist()
        queue = [(False, -bound, 0, place) for place, bound in enumerate(bounds)]
        heapq.heapify(queue)
        while queue and left:
            behind, _, stage, place = heapq.heappop(queue)
            if stage == 0:
                climb = climbs[int(rows[place])]
                parts = self._of_climb(climb, self._lookout.along(climb.legs))
                known[place] = climb, parts
                behind = shuns is not None and shuns(climb)
                score = self._score(climb, parts)
            elif stage == 1:
                climb, parts = known.pop(place)
                way = approach(climb)
                fit = self._fit(climb, {**parts, "warmup": self._warmup(way)})
                whole[place] = Weighed(climb, way, fit)
                score = fit.score
            else:
                yield whole.pop(place)
                left -= 1
                continue
            heapq.heappush(queue, (behind, -score, stage + 1, place))

    def _bounds(self, climbs: ClimbTable, rows: Ints) -> Floats:
        """Return upper bounds of the scores, from grade and length alone."""
        grade, sigma = climbs.grade[rows], climbs.grade_sigma[rows]
        time_s = repeat_s(climbs.length_m[rows], grade, self._criteria)
        share = self._shares
        bound = np.maximum(grade_worth(grade, sigma, self._aim), LEAST_WORTH) ** share["grade"]
        bound *= np.maximum(time_worth(time_s, self._aim), LEAST_WORTH) ** share["time"]
        # The grade of a record may differ from that of the array by a rounding.
        return np.asarray(bound + 10.0**-DECIMALS)

    def _of_climb(self, climb: Climb, marks: Sequence[Mark]) -> dict[str, Worth]:
        """Return the worth of the climb itself, its warm-up apart."""
        under = self._quality.under(climb.legs)
        return {
            "grade": self._grade(climb),
            "evenness": _evenness(climb),
            "clear": _clear(climb, marks, known=self._nodes_known),
            "time": self._time(climb),
            "traffic": under.traffic,
            "surface": under.surface,
            "descent": _descent(climb, under.surface.value),
            "light": under.light,
        }

    def _score(self, climb: Climb, parts: Mapping[str, Worth]) -> float:
        """Return the score; a part that is missing counts as perfect."""
        total = sum(
            share * math.log(max(parts[what].value, LEAST_WORTH))
            for what, share in self._shares.items()
            if what in parts
        )
        return round(SURE[_confidence(climb)] * math.exp(total), DECIMALS)

    def _fit(self, climb: Climb, parts: Mapping[str, Worth]) -> Fit:
        said: list[tuple[float, str]] = []
        values = {what: round(parts[what].value, DECIMALS) for what in self._shares}
        for what, value in values.items():
            words = parts[what].words
            weighs = self._shares[what] * abs(math.log(max(value, LEAST_WORTH) / NEUTRAL))
            told = what == "grade" or not BAD <= value < GOOD
            if words and told and weighs > 0:
                said.append((-weighs, words))
        said.sort(key=lambda each: round(each[0], DECIMALS))
        reasons = [words for _, words in said]
        if _confidence(climb) == "low":
            steep = climb.max_grade > STEEPEST_STREET
            reasons.insert(0, "no street is as steep" if steep else "its grade is a guess")
        return Fit(self._score(climb, parts), values, tuple(reasons))

    def _grade(self, climb: Climb) -> Worth:
        aim, grade = self._aim, climb.grade
        value = float(grade_worth(np.array(grade), np.array(climb.grade_sigma), aim))
        off = max(grade - aim.high, aim.low - grade)
        if off < 0.0005:
            return Worth(value, Sentence("an ideal grade for ", self._session))
        if value >= GOOD:
            return Worth(value, Sentence("nearly an ideal grade for ", self._session))
        kind = "steeper" if grade > aim.high else "gentler"
        return Worth(value, Sentence(_grade_points(off), f" {kind} than ideal for ", self._session))

    @property
    def _session(self) -> str:
        return self._criteria.kind.suits or Sentence(Duration(self._aim.time_s, "of"), " repeats")

    def _time(self, climb: Climb) -> Worth:
        taken = float(repeat_s(np.array(climb.length_m), np.array(climb.grade), self._criteria))
        value, time = float(time_worth(np.array(taken), self._aim)), Duration(taken, "repeat")
        if value >= GOOD:
            return Worth(value, Sentence("about ", time, " up"))
        if taken < self._aim.time_s:
            return Worth(value, Sentence("only ", time, " up"))
        if taken <= longest_s(self._criteria):
            return Worth(value, Sentence(time, " up, long for a repeat"))
        return Worth(value, Sentence(time, " to the top: turn sooner"))

    def _warmup(self, way: Route) -> Worth:
        least, most = (60.0 * minutes for minutes in self._criteria.warmup_min)
        short, far = way.time_s / max(least, 1.0), most / max(way.time_s, 1.0)
        value, words = min(short, far, 1.0), Sentence()
        if value < 1.0:
            words = Sentence("a warm-up of ", Duration(way.time_s))
        if way.gain_m is None:
            return Worth(value, words)
        grade = way.gain_m / max(way.length_m, SHORT_WAY_M)
        easy = float(half_at(max(grade - EASY_UP, 0.0) / STEEP_UP))
        if easy < min(value, BAD):
            words = Sentence("a warm-up that climbs ", Length(way.gain_m))
        return Worth(value * easy, words)


def _confidence(climb: Climb) -> Confidence:
    return Hill(0, "", climb, None).confidence


def _evenness(climb: Climb) -> Worth:
    """Weigh how much of a climb rises like the whole, by pieces a third of their length apart.

    Between even and as uneven as can be a piece counts in part, so that a small change of the line
    changes the worth a little only.
    """
    along, height = (
        climb.profile.distance_m - climb.profile.distance_m[0],
        climb.profile.elevation_m,
    )
    piece = min(max(EVEN_PIECE_M, EVEN_PIECE_SHARE * climb.length_m), climb.length_m)
    steps = max(math.ceil(3 * (climb.length_m - piece) / piece), 1)
    start = np.linspace(0.0, climb.length_m - piece, steps + 1)
    grade = (np.interp(start + piece, along, height) - np.interp(start, along, height)) / piece
    room = max(EVEN_SHARE * climb.grade, EVEN_GRADE)
    far = np.clip((np.abs(grade - climb.grade) - room) / (2 * room), 0.0, 1.0)
    value = 1.0 - float(far.mean())
    if value >= GOOD:
        return Worth(value, "an even slope")
    low, high = f"{round(100 * grade.min())} to ", Grade(float(grade.max()))
    return Worth(value, Sentence("an uneven slope, ", low, high))


def _clear(climb: Climb, marks: Sequence[Mark], *, known: bool) -> Worth:
    """Weigh the marks on a climb; ``known`` says that crossings and gates would be among them."""
    lost = sum(math.log(IN_THE_WAY[mark.kind]) for mark in marks)
    value = math.exp(lost * min(1.0, IN_THE_WAY_M / climb.length_m))
    if not marks:
        return Worth(value, "nothing crosses it" if known else "no side street")
    kinds = Counter(mark.kind for mark in marks)
    return Worth(value, listed([_count(kind, kinds[kind]) for kind in IN_THE_WAY if kinds[kind]]))


def _descent(climb: Climb, surface: float) -> Worth:
    """Weigh the way down: the steeper and the looser, the worse."""
    steep = float(half_at(max(climb.grade - EASY_DOWN, 0.0) / STEEP_DOWN))
    loose = 1.0 - (1.0 - surface) * min(climb.grade / EASY_DOWN, 1.0)
    value = steep * loose
    return Worth(value, "a steep way down" if steep < BAD else "")


def _grade_points(ratio: float) -> str:
    """Return a difference of grades in percentage points.

    >>> _grade_points(0.0204), _grade_points(0.01), _grade_points(0.013)
    ('2 points', '1 point', '1.3 points')
    """
    number = f"{100 * ratio:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"


def _count(kind: str, number: int) -> str:
    """Return a number of marks of one kind in words.

    >>> _count("crossing", 1), _count("driveway", 3), _count("signals", 1)
    ('a crossing', '3 driveways', 'signals')
    """
    if kind in {"signals", "tracks"}:
        return kind
    return f"a {kind}" if number == 1 else count(number, kind)
