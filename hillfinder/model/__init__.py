"""The records that travel between folders: small and frozen.

Units live in the names: ``_m`` metres, ``_s`` seconds, ``_min`` minutes. ``lat`` and ``lon`` are
WGS 84 degrees. A grade is rise over run as a ratio, positive where the line rises; percent appears
only where a person reads. An unknown height is NaN in an array and ``None`` in a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hillfinder.model.arrays import read_only
from hillfinder.model.climb import Climb, Leg, Position, Route, Shape
from hillfinder.model.findings import Beyond, Findings, Lack, Miss, Terrain
from hillfinder.model.hill import Fit, Hill
from hillfinder.model.place import Box, Place
from hillfinder.model.profile import (
    STEEPEST_OVER_M,
    STEEPEST_STREET,
    Confidence,
    Graded,
    Profile,
    confidence,
)
from hillfinder.model.safety import GRAVITIES, Caution, Gravity, Mark, MarkKind, Safety, Topic
from hillfinder.model.sources import HeightKind, HeightSource, StreetSource
from hillfinder.model.workout import Step, StepKind, Workout

if TYPE_CHECKING:
    from hillfinder.model.arrays import Bools as Bools
    from hillfinder.model.arrays import Floats as Floats
    from hillfinder.model.arrays import Ints as Ints
    from hillfinder.model.arrays import Strings as Strings

__all__ = [
    "GRAVITIES",
    "STEEPEST_OVER_M",
    "STEEPEST_STREET",
    "Beyond",
    "Box",
    "Caution",
    "Climb",
    "Confidence",
    "Findings",
    "Fit",
    "Graded",
    "Gravity",
    "HeightKind",
    "HeightSource",
    "Hill",
    "Lack",
    "Leg",
    "Mark",
    "MarkKind",
    "Miss",
    "Place",
    "Position",
    "Profile",
    "Route",
    "Safety",
    "Shape",
    "Step",
    "StepKind",
    "StreetSource",
    "Terrain",
    "Topic",
    "Workout",
    "confidence",
    "read_only",
]
