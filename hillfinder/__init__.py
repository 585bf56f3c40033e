"""Which hill near my door, how do I warm up to it, and how do I get it on my watch?

>>> import hillfinder as hf
>>> hf.Criteria(length_m=(100, 200)).flat_speed_m_s
2.380952380952381

The public names are these; all are imported when they are first used, so that ``import
hillfinder`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hillfinder.catalogue.region import Catalogue
    from hillfinder.catalogue.scan import scan
    from hillfinder.climbs import find as find_climbs
    from hillfinder.criteria import Criteria
    from hillfinder.elevation.chain import Chain
    from hillfinder.elevation.heights import Heights
    from hillfinder.elevation.profile import attach
    from hillfinder.elevation.raster import Raster
    from hillfinder.elevation.tiles import Tiles
    from hillfinder.errors import HillfinderError
    from hillfinder.faces import Hill
    from hillfinder.find import grade, near
    from hillfinder.fit import Weights
    from hillfinder.grades import GradedLine, Grades
    from hillfinder.hills import Hills
    from hillfinder.model import Climb, HeightSource, Place, Profile, Route, Workout
    from hillfinder.plan import Plan
    from hillfinder.streets.extract import read as read_extract
    from hillfinder.streets.graph import from_networkx, to_networkx
    from hillfinder.streets.graph import read as read_graphml
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.web import Web

__all__ = [
    "Catalogue",
    "Chain",
    "Climb",
    "Criteria",
    "GradedLine",
    "Grades",
    "HeightSource",
    "Heights",
    "Hill",
    "HillfinderError",
    "Hills",
    "Place",
    "Plan",
    "Profile",
    "Raster",
    "Route",
    "StreetNetwork",
    "Tiles",
    "Web",
    "Weights",
    "Workout",
    "__version__",
    "attach",
    "find_climbs",
    "from_networkx",
    "grade",
    "near",
    "read_extract",
    "read_graphml",
    "scan",
    "to_networkx",
]

_HOMES = {
    "Catalogue": "catalogue.region",
    "Chain": "elevation.chain",
    "Climb": "model",
    "Criteria": "criteria",
    "GradedLine": "grades",
    "Grades": "grades",
    "HeightSource": "model",
    "Heights": "elevation.heights",
    "HillfinderError": "errors",
    "Hill": "faces",
    "Hills": "hills",
    "Place": "model",
    "Plan": "plan",
    "Profile": "model",
    "Raster": "elevation.raster",
    "Route": "model",
    "StreetNetwork": "streets.network",
    "Tiles": "elevation.tiles",
    "Web": "web",
    "Weights": "fit",
    "Workout": "model",
    "attach": "elevation.profile",
    "find_climbs": "climbs:find",
    "from_networkx": "streets.graph",
    "grade": "find",
    "near": "find",
    "read_extract": "streets.extract:read",
    "read_graphml": "streets.graph:read",
    "scan": "catalogue.scan",
    "to_networkx": "streets.graph",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("hillfinder")
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    room, _, inner = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{room}"), inner or name)


def __dir__() -> list[str]:
    """Name what there is, for completion."""
    return __all__
