"""``Catalogue``: all the hills of a region, with maps and tables for notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hillfinder.output import colours
from hillfinder.output.atomic_write import replace
from hillfinder.region.store import dataset
from hillfinder.region.summary import summarize

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All the hills of a region, on disk.

    Attributes:
        folder: the dataset.
        hills: number of hills.
        street_m: length of the streets scanned, m.
    """

    folder: Path
    hills: int
    street_m: float

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Catalogue: {self.hills:,} hills in {self.folder}>"

    @classmethod
    def open(cls, folder: Path | str) -> Catalogue:
        """Open a dataset that ``scan`` made.

        Raises:
            DataError: the folder holds no catalogue.
            InputError: PyArrow is missing.
        """
        at = Path(folder)
        metadata = dataset.read_metadata(at)
        return cls(at, dataset.count_hills(at), float(metadata.values["street_m"]))

    @property
    def frame(self) -> GeoDataFrame:
        """All hills as a table in EPSG:4326; ``hill_table.CATALOGUE_COLUMNS`` has its columns."""
        import geopandas

        # GeoParquet names the same coordinates OGC:CRS84, by which no join finds other tables.
        return geopandas.read_parquet(self.folder).set_crs("EPSG:4326", allow_override=True)

    @property
    def attributions(self) -> tuple[str, ...]:
        """Credits of streets and heights, which any picture must show."""
        sources = dataset.read_metadata(self.folder).values["sources"]
        credits_ = (sources["streets"]["attribution"], sources["elevation"]["attribution"])
        return tuple(one for one in credits_ if one)

    def plot(self) -> list[Axes]:
        """Draw a map of the hills, and histograms of their grades and lengths.

        Returns:
            The axes of the map, of the grades and of the lengths.

        Raises:
            InputError: there is no hill.
        """
        from matplotlib import pyplot as plt
        from matplotlib.patches import Patch

        drawn = summarize(self.folder)
        step = [colours.colour_index(grade) for grade in drawn.frame.grade.tolist()]
        figure = plt.figure(figsize=(11, 7), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(2, 1))
        where = figure.add_subplot(grid[:, 0])
        drawn.frame.plot(
            ax=where, color=[colours.COLOURS[at] for at in step], linewidth=1.5, rasterized=True
        )
        labels = colours.colour_labels()
        figure.legend(
            handles=[
                Patch(color=colours.COLOURS[at], label=labels[at]) for at in sorted(set(step))
            ],
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
        """Write a page with an interactive map, histograms, and the best hill of every square.

        Raises:
            InputError: there is no hill.
            OutputError: the page cannot be written.
        """
        from hillfinder.region import page

        text = page.region_page(self.title, summarize(self.folder), self.attributions)
        return replace(path, text, overwrite=overwrite)

    @property
    def title(self) -> str:
        """Number and lengths of the hills, as text."""
        low, high = dataset.read_metadata(self.folder).length_m
        return f"{self.hills:,} hills of {low:g} to {high:g} m"

    def _repr_html_(self) -> str:
        """Return one line for notebooks."""
        return f"<p><b>{self.title}</b> on {self.street_m / 1000:,.0f} km of streets</p>"
