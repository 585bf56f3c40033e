"""The profile of a hill in one line of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from rich.text import Text

from hillfinder.output import colours
from hillfinder.output.drawn_profile import drawn_profile

if TYPE_CHECKING:
    from hillfinder.model import Hill

#: Blocks from the lowest to the highest.
BLOCKS: Final = "▁▂▃▄▅▆▇█"


def sparkline(hill: Hill, columns: int) -> Text:
    """Return the profile as ``columns`` blocks, foot first, each in the colour of its grade.

    Unknown heights are spaces; a terminal without colour shows the heights alone.
    """
    drawn = drawn_profile(hill)
    cuts = np.linspace(0.0, float(drawn.distance_m[-1]), columns + 1)
    middle = (cuts[1:] + cuts[:-1]) / 2
    height = np.interp(middle, drawn.distance_m, drawn.elevation_m)
    known = height[np.isfinite(height)]
    line = Text()
    if not len(known):
        return line
    low, span = known.min(), max(float(np.ptp(known)), 1.0)
    for at, metres in zip(middle.tolist(), height.tolist(), strict=True):
        if not np.isfinite(metres):
            line.append(" ")
            continue
        block = BLOCKS[min(int((metres - low) / span * len(BLOCKS)), len(BLOCKS) - 1)]
        steep = [each.grade for each in drawn.stretches if each.start_m <= at <= each.stop_m]
        line.append(block, colours.colour_of(steep[0]) if steep else "")
    return line
