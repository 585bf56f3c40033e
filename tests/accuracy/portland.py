"""Portland: its 10 m model as the truth, and worse models made of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.streets.sources import osm_file
from tests.accuracy import ground
from tests.accuracy.hills import Listed, listed, recall
from tests.accuracy.mapping import moved, on_the_true_line
from tests.accuracy.readings import METHODS, Reading, Stretches, read, windows
from tests.accuracy.sheet import Doubt, Half, Sheet, bias, mean_error
from tests.towns import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Floats
    from hillfinder.streets.network import StreetNetwork
    from tests.accuracy.ground import Grid

LENGTHS_M = (100.0, 150.0, 200.0)
NOISES_M = (1.0, 2.0, 3.0)
FIRSTS = (20, 50)
#: Blocks of so many 10 m cells a side are cells of 30 m.
TIMES = 3
#: Random windows of each length. Those of half the ways are looked at.
COUNT = 6000
#: A window is on a hill from this grade on, as a ratio.
HILLY = 0.05
STEEP = 0.08
WHOLE = "10 m, clean"


@dataclass
class Portland:
    """The streets, the true model, and what is drawn from them once."""

    half: Half

    @cached_property
    def network(self) -> StreetNetwork:
        return osm_file.read_extract(DATA / "portland" / "portland-central-filtered.osm.pbf")

    @cached_property
    def model(self) -> Grid:
        return ground.read(DATA / "portland" / "portland-ned.tif")

    @cached_property
    def coarse(self) -> Grid:
        return ground.coarser(self.model, TIMES)

    @cached_property
    def clean(self) -> Reading:
        return read(self.network, self.model)

    @cached_property
    def true_hills(self) -> Listed:
        return listed(self.clean, "bilinear")

    @cached_property
    def windows(self) -> dict[float, Stretches]:
        """Random windows on the ways of this half, by length."""
        return {length: self.draw(self.clean, length) for length in LENGTHS_M}

    def draw(self, reading: Reading, length_m: float) -> Stretches:
        """Return random windows whose foot lies on a way of this half."""
        drawn = windows(reading, length_m, COUNT, self.half.seeds[0])
        ways = self.network.edge_way[drawn.foot.edge].tolist()
        return drawn.at(self.half.has(np.array([self.network.ways.ids[way][0] for way in ways])))

    def truth(self, stretches: Stretches) -> Floats:
        """Return the true grades: the 10 m model, unsmoothed, on the lines as they are."""
        return self.clean.grade("bilinear", stretches)

    def worse(self, noise_m: float, *, rough: bool = False) -> Iterator[Grid]:
        """Yield the draws of a model of 30 m with noise."""
        for seed in self.half.seeds:
            yield ground.noisier(self.coarse, noise_m, seed, rough=rough)


def section(sheet: Sheet, city: Portland) -> None:
    """Add the errors of random windows, and the claims of the first hills."""
    readings = {WHOLE: [city.clean], "30 m, clean": [read(city.network, city.coarse)]}
    for noise in NOISES_M:
        readings[_label(noise)] = [read(city.network, worse) for worse in city.worse(noise)]
    _windows(sheet, city, readings)
    _hills(sheet, city, readings)
    _doubts(sheet, city)


def _label(noise_m: float) -> str:
    return f"30 m, noise {noise_m:g} m"


def _errors(
    city: Portland, readings: list[Reading], method: str, length_m: float, *, hilly: bool = False
) -> Floats:
    """Return the errors of one method in all draws, as ratios."""
    chosen = city.windows[length_m]
    truth = city.truth(chosen)
    kept = np.abs(truth) >= (HILLY if hilly else 0.0)
    return np.concatenate([(r.grade(method, chosen) - truth)[kept] for r in readings])


def _less(city: Portland, readings: list[Reading], length_m: float) -> float:
    """Return by how many percent the error of ours is under that of plain bilinear ends."""
    plain = mean_error(_errors(city, readings, "bilinear", length_m))
    return 100 * (1 - mean_error(_errors(city, readings, "ours", length_m)) / plain)


def _windows(sheet: Sheet, city: Portland, readings: dict[str, list[Reading]]) -> None:
    count = ", ".join(f"{len(city.windows[length])} of {length:g} m" for length in LENGTHS_M)
    sheet.title(
        "2. Portland: the 10 m model as the truth, and models of 30 m made of it",
        f"Mean absolute error in points over random windows on trusted ground ({count}; "
        f"{len(city.half.seeds)} draws of noise), and on the hilly ones among them (true grade "
        f"from {100 * HILLY:g} %).",
    )
    rows = []
    for what, drawn in readings.items():
        for length in LENGTHS_M:
            cells = [f"{what}, {length:g} m"]
            for hilly in (False, True):
                cells += [
                    f"{mean_error(_errors(city, drawn, method, length, hilly=hilly)):.2f}"
                    for method in METHODS
                ]
            under = "" if what == WHOLE else f"{_less(city, drawn, length):.0f} %"
            rows.append([*cells, under])
    sheet.table(("model, window", *METHODS, *(f"hilly {m}" for m in METHODS), "under bil."), rows)
    rough = []
    for noise in NOISES_M:
        drawn = [read(city.network, worse) for worse in city.worse(noise, rough=True)]
        rough.append(f"{_less(city, drawn, LENGTHS_M[0]):.0f} %")
    sheet.say(
        "The last column: by how much the error of ours is under that of bilinear ends. With noise "
        "that is rougher from cell to cell than SRTM's, alike over a distance d by exp(-d / 75 m), "
        f"it reads {', '.join(rough)} at 100 m for 1, 2 and 3 m."
    )
    worst = max(mean_error(_errors(city, [city.clean], "ours", length)) for length in LENGTHS_M)
    sheet.target(
        "Portland 10 m: made worse by smoothing", "<= 0.1", f"{worst:.2f}", met=worst <= 0.105
    )
    for noise, least in ((2.0, 15), (3.0, 20)):
        less = _less(city, readings[_label(noise)], 100.0)
        sheet.target(
            f"Portland 30 m, noise {noise:g} m: under bilinear at 100 m",
            f">= {least} % (aim 25)",
            f"{less:.0f} %",
            met=round(less) >= least,
        )


def _hills(sheet: Sheet, city: Portland, readings: dict[str, list[Reading]]) -> None:
    sheet.say(
        "The first hills: claimed and true grade in percent, the share truly from "
        f"{100 * STEEP:g} %, and how many of the true first ones are among them. Means of the "
        "draws; true is the same stretch in the 10 m model."
    )
    rows = []
    for what, drawn in readings.items():
        for method in METHODS:
            lists = [listed(reading, method) for reading in drawn]
            cells = [f"{what}, {method}"]
            for first in FIRSTS:
                claimed, true, steep, found = _claims(city, lists, first)
                cells += [
                    f"{claimed:.1f}",
                    f"{true:.1f}",
                    f"{claimed - true:+.1f}",
                    f"{steep:.0f} %",
                    f"{found:.0f} %",
                ]
                if method == "ours" and first == FIRSTS[0] and what != WHOLE:
                    _hill_targets(sheet, what, claimed - true, steep)
            rows.append(cells)
    heads = [
        f"{word} {first}" for first in FIRSTS for word in ("claim", "true", "c-t", ">=8", "rec")
    ]
    sheet.table(("model, method", *heads), rows)


def _claims(city: Portland, lists: list[Listed], first: int) -> tuple[float, float, float, float]:
    """Return claimed and true grade, the share truly steep, and the recall, all in percent."""
    parts = [found.first(first) for found in lists]
    truth = np.concatenate([city.truth(part.stretches) for part in parts])
    claimed = np.concatenate([part.claimed for part in parts])
    found = float(np.mean([recall(city.true_hills.first(first), part) for part in parts]))
    return bias(claimed), bias(truth), 100 * float((truth >= STEEP).mean()), found


def _hill_targets(sheet: Sheet, what: str, over: float, steep: float) -> None:
    sheet.target(
        f"Portland {what}: first 20, claimed - true", "within 1", f"{over:+.1f}", met=abs(over) <= 1
    )
    sheet.target(
        f"Portland {what}: first 20, truly from 8 %", ">= 80 %", f"{steep:.0f} %", met=steep >= 80
    )


def _doubts(sheet: Sheet, city: Portland) -> None:
    """Set errors against the doubt that is told with them.

    The doubt counts that lines are mapped off the street, so here they are: every draw of noise is
    read along streets whose points were moved by what the search takes them to be off.
    """
    over = []
    for noise, rough in (*((noise, False) for noise in NOISES_M), (NOISES_M[1], True)):
        worse = city.worse(noise, rough=rough)
        draws = [_moved_draw(city, *draw) for draw in zip(city.half.seeds, worse, strict=True)]
        label = _label(noise) + (", rough" if rough else "")
        for what in ("random windows", "first 50 hills", "all hills"):
            ratio = {
                method: np.concatenate([draw.ratio[what][method] for draw in draws])
                for method in draws[0].ratio[what]
            }
            sheet.doubts.append(Doubt(f"Portland {label}, {what}", ratio, fair=not rough))
        if not rough:
            over.append(f"{bias(np.concatenate([draw.over for draw in draws])):+.1f}")
    sheet.say(
        "Where moreover every line is mapped off the street by what the search takes it to be, the "
        f"first {FIRSTS[0]} hills of ours claim {', '.join(over)} points more than is true, with "
        "noise of 1, 2 and 3 m."
    )


class _Draw(NamedTuple):
    """Errors by sigma, of what and by which method; and by how much the first of ours overclaim."""

    ratio: dict[str, dict[str, Floats]]
    over: Floats


def _moved_draw(city: Portland, seed: int, worse: Grid) -> _Draw:
    """Return one draw of noise, read along streets that were moved."""
    drawn = moved(city.network, seed)
    reading = read(drawn, worse)
    ratio: dict[str, dict[str, Floats]] = {"first 50 hills": {}, "all hills": {}}
    stretches = [city.draw(reading, length) for length in LENGTHS_M]
    truths = [city.truth(on_the_true_line(part, drawn, city.network)) for part in stretches]
    ratio["random windows"] = {
        method: np.concatenate(
            [
                (reading.grade(method, part) - truth) / reading.grade_sigma(part)
                for part, truth in zip(stretches, truths, strict=True)
            ]
        )
        for method in METHODS
    }
    for method in METHODS[1:]:
        found = listed(reading, method)
        truth = city.truth(on_the_true_line(found.stretches, drawn, city.network))
        error = found.claimed - truth
        ratio["all hills"][method] = error / found.sigma
        ratio["first 50 hills"][method] = (error / found.sigma)[:50]
    return _Draw(ratio, error[: FIRSTS[0]])  # the last method is ours
