"""A hill as a notebook shows it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING

from hillfinder import model
from hillfinder.output.text import card
from hillfinder.output.text import phrases as words
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual import profile_svg as profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hillfinder.model import Workout
    from hillfinder.units import Units


@dataclass(frozen=True, slots=True, eq=False)
class Hill(model.Hill):
    """A hill that shows itself."""

    @classmethod
    def of(cls, hill: model.Hill) -> Hill:
        """Return a hill with faces: itself where it has them."""
        if isinstance(hill, cls):
            return hill
        return cls(**{each.name: getattr(hill, each.name) for each in fields(hill)})

    def __repr__(self) -> str:
        """Return rank, name and figures in one line: the arrays would take hundreds."""
        return f"<Hill {self.rank}: {plain(self.name)}, {', '.join(card.hill_figures(self))}>"

    def plot(
        self,
        axes: Axes | None = None,
        *,
        workout: Workout | None = None,
        units: Units = "metric",
    ) -> Axes:
        """Draw the profile, coloured by grade, its doubt as a band, and return the axes.

        Args:
            axes: where; ``None`` makes new ones.
            workout: a session on it, of which what is run again and again is marked; without one
                all of the hill is.
            units: metres or feet.

        Raises:
            ImportError: matplotlib is not installed.
        """
        need("The plot", "matplotlib")
        from hillfinder.output.visual import figure as picture

        axes = axes or new_axes((8.0, 3.2))
        picture.draw_profile(self, axes, units, workout.repeated_m if workout else None)
        return axes

    def _repr_html_(self) -> str:
        """Return name, figures, profile and words for a notebook."""
        figures = (*card.hill_figures(self), f"warm-up {words.warmup(self)}")
        said = (text for _, lines in card.sections(self) for text, _ in lines)
        below = "<br>".join(escape(plain(text)) for text in said)
        return (
            f"<div><p><b>{self.rank}. {escape(plain(self.name))}</b></p>"
            f"<p>{escape(', '.join(figures))}</p>"
            f'<div style="max-width:32em">{profile.to_svg(self)}</div>'
            f"<p><small>{below}</small></p></div>"
        )


def need(what: str, *packages: str) -> None:
    """Refuse, in one sentence, what asks for packages that are not installed.

    Args:
        what: it, as a sentence begins.
        packages: what it takes.

    Raises:
        ImportError: one of them is missing.
    """
    for package in packages:
        try:
            import_module(package)
        except ImportError as error:
            msg = f'{what} needs {package}, which is missing: pip install "hillfinder[notebook]"'
            raise ImportError(msg, name=package) from error


def new_axes(size: tuple[float, float]) -> Axes:
    """Return new axes that a notebook shows."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]
