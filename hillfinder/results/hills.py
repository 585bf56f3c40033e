"""The result of a search: hills that can be listed, mapped, plotted, saved and exported."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from hillfinder import model
from hillfinder.criteria import is_whole
from hillfinder.errors import DataError, InputError
from hillfinder.output import atomic_write, colours
from hillfinder.output.records import frame
from hillfinder.output.text import phrases
from hillfinder.output.text.sanitize import plain
from hillfinder.output.text.table import table_text
from hillfinder.output.visual import profile_svg
from hillfinder.results import saved
from hillfinder.results.hill import Hill, given_or_new, require_packages
from hillfinder.results.plan import Plan, Searched, of_one_hill, request
from hillfinder.results.writers import Writes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import folium
    from branca.colormap import StepColormap
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

    from hillfinder.output.formats import Request


@dataclass(frozen=True, slots=True, eq=False)
class Hills(Writes, Searched):
    """The hills found, best first: a sequence of ``Hill``, empty where none was found.

    ``hills[0]`` is the first hill, of rank 1; ``pick=1`` is the same one.

    Attributes:
        network: the streets that were searched, with their profiles.
    """

    hills: tuple[Hill, ...]

    def __len__(self) -> int:
        """Return the number of hills."""
        return len(self.hills)

    def __iter__(self) -> Iterator[Hill]:
        """Yield the hills, best first."""
        return iter(self.hills)

    @overload
    def __getitem__(self, index: int) -> Hill: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Hill, ...]: ...

    def __getitem__(self, index: int | slice) -> Hill | tuple[Hill, ...]:
        """Return one hill, counted from 0, or several."""
        return self.hills[index]

    @property
    def frame(self) -> GeoDataFrame:
        """The hills as a table: ``records.HILL_COLUMNS`` and ``geometry``, a line in EPSG:4326.

        A line has heights as its third coordinate, or two coordinates where a height is unknown.
        Numbers that are unknown are NaN, text is ``None``. Columns and dtypes are the same when
        there is no hill, and stay the same: new ones come last.

        - ``rank``, ``name``: the number in the list, from 1, and the name with cross streets.
        - ``grade``, ``grade_sigma``, ``confidence``: mean grade as a ratio, its standard deviation,
          and ``high``, ``medium`` or ``low``.
        - ``length_m``, ``gain_m``, ``max_grade``: in the ground plan, from bottom to top; the
          steepest 30 m.
        - ``highway``, ``surface``, ``lit``, ``way_ids``: OpenStreetMap's; several are joined by
          ``;``.
        - ``foot_lat``, ``foot_lon``, ``foot_elevation_m``, ``top_lat``, ``top_lon``,
          ``top_elevation_m``: both ends.
        - ``approach_minutes``, ``approach_length_m``, ``approach_gain_m``, ``approach_shape``: the
          warm-up, ``direct`` or a ``detour``.
        - ``notes``: sentences, joined by ``;``.
        - ``fit_score``, ``gravity``: score for the session, 0 to 1; the gravest caution, ``avoid``,
          ``mind`` or ``know``.
        """
        return frame(self)

    def pick(self, number: int = 1) -> Hill:
        """Return the hill with that number in the list, counted from 1.

        Raises:
            InputError: the list is shorter, or empty.
        """
        if is_whole(number) and 1 <= number <= len(self):
            return self.hills[number - 1]
        found = f"pick 1 to {len(self)}" if len(self) > 1 else "there is only hill 1"
        msg = f"There is no hill {number} in the list: {found if self else 'it is empty'}."
        raise InputError(msg)

    def workout(self, hill: Hill | int | None = None, repeats: int | None = None) -> Plan:
        """Return the workout on a hill, from the door and back; or the run over several.

        Args:
            hill: one of these, or its number in the list, counted from 1; ``None`` is the first,
                or the whole rolling run where one was asked for.
            repeats: number of repeats; ``None`` chooses by criteria and hill.

        Raises:
            CriteriaError: the number of repeats is out of range.
            InputError: there is no such hill, or no rolling run.
        """
        from hillfinder.training import workout

        if self.criteria.kind.over_several and hill is None:
            if self.tour is None:
                msg = "No run over several hills was found: ask for another length or time."
                raise InputError(msg)
            return Plan.of(self.tour, self)
        criteria = of_one_hill(self.criteria)
        if repeats is not None:
            criteria = changed(criteria, repeats=repeats)
        one = (
            self._own(hill)
            if isinstance(hill, model.Hill)
            else self.pick(1 if hill is None else hill)
        )
        return Plan.of(workout.for_hill(one, criteria, self.ways()), self)

    def _own(self, hill: model.Hill) -> model.Hill:
        """Refuse a hill of another search: its streets are numbered differently."""
        if any(each.climb is hill.climb for each in self.hills):
            return hill
        msg = f"{plain(hill.name)} is no hill of this list: ask the search that found it."
        raise InputError(msg)

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Save the search, its streets included, for ``hf.load``; return the path.

        Args:
            path: the file; it appears whole or not at all.
            overwrite: an existing file may be replaced.

        Raises:
            OutputError: the file exists, or cannot be written.
        """
        atomic_write.check_writable(path, overwrite=overwrite)
        data = saved.pack_search(changed(self, router=None))  # made again when needed
        return atomic_write.replace(path, data, overwrite=overwrite)

    def _request(self, pick: int | None = None, *, session: bool = True) -> Request:
        """Return the contents of files: the workout on a hill, where they need one."""
        workout = self.workout(pick) if session and (self or pick) else None
        return request(self, workout)

    def explore(self, **options: Any) -> folium.Map:  # noqa: ANN401 - handed on to GeoPandas
        """Return an interactive map: the hills coloured by grade, with the ways to them.

        Args:
            options: as in ``GeoDataFrame.explore``.

        Raises:
            ImportError: folium, matplotlib or mapclassify is not installed.
            InputError: there is no hill to show.
        """
        require_packages("The map", "folium", "mapclassify", "matplotlib")
        from geopandas import GeoSeries
        from shapely import LineString, Point

        frame = self._shown()
        # The map's pop-ups are HTML, and anyone can name a street <script>.
        for column in frame.columns[frame.dtypes == "object"]:
            frame[column] = [escape(text) if text else text for text in frame[column]]
        settings: dict[str, Any] = {
            "column": "grade",
            "cmap": _colormap(),
            "tooltip": ["rank", "name", "grade", "length_m", "gain_m", "surface"],
            "style_kwds": {"weight": 6},
        }
        result: folium.Map = frame.explore(**settings | options)
        ways = [hill.approach for hill in self.hills if hill.approach is not None]
        lines = [LineString(zip(way.lon.tolist(), way.lat.tolist(), strict=True)) for way in ways]
        if lines:
            dashed = {"weight": 2, "dashArray": "6"}
            GeoSeries(lines, crs="EPSG:4326").explore(m=result, color="#444", style_kwds=dashed)
        door = GeoSeries([Point(self.place.lon, self.place.lat)], crs="EPSG:4326")
        door.explore(m=result, color="black", marker_kwds={"radius": 6})
        return result

    def plot(
        self,
        ax: Axes | None = None,
        *,
        figsize: tuple[float, float] = (8.0, 8.0),
        axes: Axes | None = None,
    ) -> Axes:
        """Draw the hills on the streets and the land, coloured by grade, and return the axes.

        The land is interpolated from the heights along the streets.

        Args:
            ax: the axes to draw in; ``None`` makes new ones.
            figsize: width and height of new ones, in inches.
            axes: the old name of ``ax``; deprecated.

        Raises:
            ImportError: matplotlib is not installed.
            InputError: there is no hill to show.
        """
        require_packages("The plot", "matplotlib")
        from hillfinder.output.visual import figure

        self._shown()
        ax = given_or_new(ax, axes, figsize)
        figure.draw_map(self, self.network, ax)
        return ax

    def _shown(self) -> GeoDataFrame:
        if not self:
            msg = "There is no hill to show: search a larger range, or from another place."
            raise InputError(msg)
        return self.frame

    def __repr__(self) -> str:
        """Return the heading of the list, which ``print`` shows."""
        return f"<Hills: {phrases.heading(self)}>"

    def __str__(self) -> str:
        """Return the list, 80 columns wide."""
        return table_text(self)

    def _repr_html_(self) -> str:
        """Return a table for a notebook, in which all text is shown as text."""
        head = ("#", "Hill", "Grade", "Length", "Gain", "Surface", "Warm-up", "Profile")
        lines = [
            (
                str(hill.rank),
                plain(hill.name),
                phrases.mean_grade(hill),
                phrases.length(hill.climb.length_m),
                phrases.length(hill.climb.gain_m),
                phrases.tag(hill, "surface"),
                phrases.warmup(hill),
            )
            for hill in self.hills
        ]
        drawn = [f"<td>{profile_svg.to_small_svg(hill)}</td>" for hill in self.hills]
        body = "".join(_html_row(*each) for each in zip(lines, drawn, strict=True))
        table = f"<table><thead>{_html_row(head, '', 'th')}</thead><tbody>{body}</tbody></table>"
        below = "<br>".join(
            escape(text) for text in (*phrases.notices(self), *phrases.credits_of(self))
        )
        return (
            f"<div><p><b>{escape(phrases.heading(self))}</b></p>{table if lines else ''}"
            f"<p><small>{below}</small></p></div>"
        )


def load(path: Path | str) -> Hills:
    """Return the hills that ``Hills.save`` wrote, ready for workouts and exports.

    Raises:
        DataError: the file cannot be read, is damaged, or was made by another version.
    """
    found = saved.unpack_search(Path(path), Hills, Hill, Plan)
    if not isinstance(found, Hills):
        msg = f"{path} holds no hills."
        raise DataError(msg)
    return found


def _html_row(cells: tuple[str, ...], more: str = "", tag: str = "td") -> str:
    style = ' style="text-align:left"'
    return f"<tr>{''.join(f'<{tag}{style}>{escape(cell)}</{tag}>' for cell in cells)}{more}</tr>"


def _colormap() -> StepColormap:
    """Return the colours of grades as folium takes them."""
    from branca.colormap import StepColormap

    ends = (0.0, *colours.BREAKS[1:], 0.25)
    return StepColormap(colours.COLOURS[1:], index=ends, vmin=0.0, vmax=ends[-1])
