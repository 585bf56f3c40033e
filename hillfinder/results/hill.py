"""A hill that a notebook can show."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING

from hillfinder import model
from hillfinder.output.records import line
from hillfinder.output.text import card, phrases
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual import profile_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely import LineString

    from hillfinder.model import Workout
    from hillfinder.units import Units


@dataclass(frozen=True, slots=True, eq=False)
class Hill(model.Hill):
    """A hill with a plot and a table of its own."""

    @classmethod
    def of(cls, hill: model.Hill) -> Hill:
        """Return a hill of ``model`` as this class."""
        if isinstance(hill, cls):
            return hill
        return cls(**{each.name: getattr(hill, each.name) for each in fields(hill)})

    @property
    def length_m(self) -> float:
        """Length from foot to top in the ground plan, in metres."""
        return self.climb.length_m

    @property
    def gain_m(self) -> float:
        """Rise from foot to top, in metres."""
        return self.climb.gain_m

    @property
    def max_grade(self) -> float:
        """Grade of the steepest 30 m, as a ratio."""
        return self.climb.max_grade

    @property
    def geometry(self) -> LineString:
        """The line in EPSG:4326, foot first, with heights where all are known."""
        return line(self.climb)

    def __repr__(self) -> str:
        """Return rank, name and figures in one line: the arrays would take hundreds."""
        return f"<Hill {self.rank}: {plain(self.name)}, {', '.join(card.hill_figures(self))}>"

    def plot(
        self,
        ax: Axes | None = None,
        *,
        figsize: tuple[float, float] = (8.0, 3.2),
        workout: Workout | None = None,
        units: Units = "metric",
        axes: Axes | None = None,
    ) -> Axes:
        """Draw the profile, coloured by grade, its margin as a band, and return the axes.

        Args:
            ax: the axes to draw in; ``None`` makes new ones.
            figsize: width and height of new ones, in inches.
            workout: a workout on it, whose repeat is marked; without one the whole hill is.
            units: metres or feet.
            axes: the old name of ``ax``; deprecated.

        Raises:
            ImportError: matplotlib is not installed.
        """
        require_packages("The plot", "matplotlib")
        from hillfinder.output.visual import figure

        ax = given_or_new(ax, axes, figsize)
        figure.draw_profile(self, ax, units, workout.repeated_m if workout else None)
        return ax

    def _repr_html_(self) -> str:
        """Return name, figures, profile and words for a notebook."""
        figures = (*card.hill_figures(self), f"warm-up {phrases.warmup(self)}")
        said = (text for _, lines in card.sections(self) for text, _ in lines)
        below = "<br>".join(escape(plain(text)) for text in said)
        return (
            f"<div><p><b>{self.rank}. {escape(plain(self.name))}</b></p>"
            f"<p>{escape(', '.join(figures))}</p>"
            f'<div style="max-width:32em">{profile_svg.to_svg(self)}</div>'
            f"<p><small>{below}</small></p></div>"
        )


def require_packages(what: str, *packages: str) -> None:
    """Raise an ``ImportError`` that says how to install the packages that ``what`` needs."""
    for package in packages:
        try:
            import_module(package)
        except ImportError as error:
            msg = f'{what} needs {package}, which is missing: pip install "hillfinder[notebook]"'
            raise ImportError(msg, name=package) from error


def given_or_new(ax: Axes | None, axes: Axes | None, figsize: tuple[float, float]) -> Axes:
    """Return ``ax``, or ``axes`` with a warning that it is the old name, or new axes."""
    import matplotlib.pyplot as plt

    if axes is not None:
        warnings.warn("axes= is now ax=.", DeprecationWarning, stacklevel=3)
    return ax or axes or plt.subplots(figsize=figsize, layout="constrained")[1]
