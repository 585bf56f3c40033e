"""Summarize a region for a picture: which hills to draw, the best of each cell, histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.errors import InputError
from hillfinder.region.store import cells, dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame

    from hillfinder.model import Floats, Ints

#: Tolerance of the lines drawn, degrees: 11 m.
FINEST_DEG = 1e-4
#: Largest number of hills drawn, the steepest of every square first.
MOST_DRAWN = 30_000
#: Squares along each side of the region when choosing them.
SQUARES = 64


@dataclass(frozen=True, slots=True, eq=False)
class RegionSummary:
    """What a picture of a region shows.

    Attributes:
        frame: the hills to draw, their lines simplified.
        whole: whether these are all hills.
        best: the steepest hill of every cell, with the number of its ``cell`` and of the ``hills``
            in it.
        histograms: of grades and of lengths: name, counts, edges, factor to the unit of the name.
    """

    frame: GeoDataFrame
    whole: bool
    best: GeoDataFrame
    histograms: tuple[tuple[str, Ints, Floats, float], ...]


def summarize(folder: Path) -> RegionSummary:
    """Return what a picture of a dataset shows.

    Raises:
        InputError: there is no hill.
    """
    import pandas as pd

    figures = dataset.figures(folder, ("foot_lon", "foot_lat", "grade", "length_m"))
    lon, lat, grade, length = figures
    if not len(grade):
        msg = "There is no hill to show: scan a larger region, or for gentler hills."
        raise InputError(msg)
    chosen = spread_out(lon, lat, grade)
    cell = cells.numbers(lon, lat)
    best = pd.Series(-grade).groupby(cell).idxmin()
    # Of a million hills only those shown are read whole.
    frame = dataset.read_hills(folder, np.union1d(chosen, best))
    some = frame.loc[chosen]
    steps = np.arange(np.floor(100 * grade.min()), np.floor(100 * grade.max()) + 2) / 100
    return RegionSummary(
        frame=some.set_geometry(some.geometry.simplify(FINEST_DEG)),
        whole=len(chosen) == len(grade),
        best=frame.loc[best].assign(
            hills=np.unique(cell, return_counts=True)[1], cell=best.index.to_numpy()
        ),
        histograms=(
            ("grade, %", *np.histogram(grade, steps), 100.0),
            ("length, m", *np.histogram(length, 20), 1.0),
        ),
    )


def spread_out(lon: Floats, lat: Floats, grade: Floats) -> Ints:
    """Return the rows to draw, gentlest first, chosen from all squares alike."""

    def square(values: Floats) -> Any:  # noqa: ANN401
        share = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
        return np.minimum(share * SQUARES, SQUARES - 1).astype(np.int64)

    place = square(lon) * SQUARES + square(lat)
    order = np.lexsort((-grade, place))
    begin = np.flatnonzero(np.diff(place[order], prepend=-1))
    size = np.diff(np.append(begin, len(order)))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(begin, size)
    chosen = np.lexsort((-grade, rank))[:MOST_DRAWN]
    return np.asarray(chosen[np.argsort(grade[chosen], kind="stable")])
