"""A picture for print: the map, and the profile of the first hill."""

from __future__ import annotations

from hillfinder.output.formats import Format, Request


def to_png(asked: Request) -> bytes:
    """Return the picture."""
    from hillfinder.output.visual import figure

    return figure.figure_png(asked.findings, asked.network, asked.units)


FORMAT = Format(
    name="png",
    file="hills.png",
    help='Write a picture for print (pip install "hillfinder[notebook]").',
    about="a picture for print: map with the shape of the land, profile of the first hill: "
    '`pip install "hillfinder[notebook]"`',
    make=to_png,
    options=("units",),
    package=("matplotlib", "notebook"),
)
