"""``Catalogue``: all the hills of a region, with a notebook's faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.errors import InputError
from hillfinder.output.atomic_write import replace
from hillfinder.output.visual import colours as scale
from hillfinder.region.store import cells, dataset

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

    from hillfinder.model import Floats, Ints

#: A picture is no finer than this, in degrees: 11 m.
FINEST_DEG = 1e-4
#: So many hills are drawn at most, the steepest of every square first.
MOST_DRAWN = 30_000
#: Squares that a region is cut into for that, on either side.
SQUARES = 64


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All the hills of a region, on disk.

    Attributes:
        folder: the dataset.
        hills: how many it holds.
        street_m: how many metres of street were looked at.
    """

    folder: Path
    hills: int
    street_m: float

    @classmethod
    def open(cls, folder: Path | str) -> Catalogue:
        """Open what ``scan`` has made.

        Raises:
            DataError: it is no catalogue.
            InputError: PyArrow is missing.
        """
        at = Path(folder)
        about = dataset.about(at)
        return cls(at, dataset.count(at), float(about.said["street_m"]))

    @property
    def frame(self) -> GeoDataFrame:
        """All hills as a table; the columns are those of the dataset (``table.COLUMNS``)."""
        import geopandas

        return geopandas.read_parquet(self.folder)

    @property
    def attributions(self) -> tuple[str, ...]:
        """Whom the streets and heights come from, in words that must go with any picture."""
        sources = dataset.about(self.folder).said["sources"]
        said = (sources["streets"]["attribution"], sources["elevation"]["attribution"])
        return tuple(one for one in said if one)

    def plot(self) -> list[Axes]:
        """Draw where the hills are, and how steep and long they are.

        Returns:
            The axes of the map, of the grades and of the lengths.

        Raises:
            InputError: there is no hill.
        """
        from matplotlib import pyplot as plt
        from matplotlib.patches import Patch

        drawn = self.drawn()
        step = [scale.step(grade) for grade in drawn.frame.grade.tolist()]
        figure = plt.figure(figsize=(11, 7), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(2, 1))
        where = figure.add_subplot(grid[:, 0])
        colours = [scale.COLOURS[at] for at in step]
        drawn.frame.plot(ax=where, color=colours, linewidth=1.5, rasterized=True)
        labels = scale.labels()
        figure.legend(
            handles=[Patch(color=scale.COLOURS[at], label=labels[at]) for at in sorted(set(step))],
            loc="outside lower left",
            ncols=len(labels),
        )
        where.set(xlabel="; ".join(self.attributions), ylabel="")
        where.set_title(self.title if drawn.whole else f"{self.title}, {len(drawn.frame):,} drawn")
        panels = [where]
        for row, (name, counts, edges, factor) in enumerate(drawn.histograms):
            panel = figure.add_subplot(grid[row, 1])
            panel.stairs(counts, edges * factor, fill=True)
            panel.set_xlabel(name)
            panel.set_ylabel("hills")
            panels.append(panel)
        return panels

    def to_html(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write one page: a map to move about, histograms, and the best hill of every square.

        Raises:
            InputError: there is no hill.
            OutputError: the page cannot be written.
        """
        from hillfinder.region import page

        text = page.html(self.title, self.drawn(), self.attributions)
        return replace(path, text, overwrite=overwrite)

    @property
    def title(self) -> str:
        """What there is, in words."""
        low, high = dataset.about(self.folder).length_m
        return f"{self.hills:,} hills of {low:g} to {high:g} m"

    def drawn(self) -> Drawn:
        """Return what a picture of the region shows.

        Raises:
            InputError: there is no hill.
        """
        import pandas as pd

        if not self.hills:
            msg = "There is no hill to show: scan a larger region, or for gentler hills."
            raise InputError(msg)
        figures = dataset.figures(self.folder, ("foot_lon", "foot_lat", "grade", "length_m"))
        lon, lat, grade, length = figures
        chosen = _spread(lon, lat, grade)
        cell = cells.numbers(lon, lat)
        best = pd.Series(-grade).groupby(cell).idxmin()
        # Of a million hills only what is shown is read whole.
        frame = dataset.rows(self.folder, np.union1d(chosen, best))
        some = frame.loc[chosen]
        steps = np.arange(np.floor(100 * grade.min()), np.floor(100 * grade.max()) + 2) / 100
        return Drawn(
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

    def _repr_html_(self) -> str:
        """Say in a notebook what there is."""
        return f"<p><b>{self.title}</b> on {self.street_m / 1000:,.0f} km of streets</p>"


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What a picture of a region shows.

    Attributes:
        frame: the hills that are drawn, their lines no finer than a picture is.
        whole: these are all.
        best: the steepest hill of every cell, with its number, and how many ``hills`` it has.
        histograms: of grades and of lengths: name, counts, edges, factor to the unit of the name.
    """

    frame: GeoDataFrame
    whole: bool
    best: GeoDataFrame
    histograms: tuple[tuple[str, Ints, Floats, float], ...]


def _spread(lon: Floats, lat: Floats, grade: Floats) -> Ints:
    """Return the rows that are drawn, gentlest first: the steepest of each square before others."""

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
