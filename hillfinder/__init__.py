"""Which hill near my door, how do I warm up to it, and how do I get it on my watch?

>>> import hillfinder as hf
>>> hf.Criteria(length_m=(100, 200)).flat_speed_m_s
2.380952380952381

The public names are these; all are imported when they are first used, so that ``import
hillfinder`` costs nothing. What is asked of services, cached and skipped is logged to the logger
``hillfinder``, without any place finer than 0.01 degrees.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hillfinder.climbs.search import find as find_climbs
    from hillfinder.criteria import Criteria
    from hillfinder.elevation.heights import Heights
    from hillfinder.elevation.profiles.attach import attach
    from hillfinder.elevation.sources.fallback import Chain
    from hillfinder.elevation.sources.raster_file.raster import Raster
    from hillfinder.elevation.sources.tiles import Tiles
    from hillfinder.errors import HillfinderError
    from hillfinder.find import grade, near
    from hillfinder.model import Climb, HeightSource, Place, Profile, Route, Workout
    from hillfinder.region.catalogue import Catalogue
    from hillfinder.region.scan import scan
    from hillfinder.results.grading.graded_line import GradedLine
    from hillfinder.results.grading.grades import Grades
    from hillfinder.results.hill import Hill
    from hillfinder.results.hills import Hills, load
    from hillfinder.results.plan import Plan
    from hillfinder.services.client import Web
    from hillfinder.streets.network import StreetNetwork, to_networkx
    from hillfinder.streets.sources.osm_file import read_extract
    from hillfinder.streets.sources.osmnx_graph import from_networkx, read_graphml
    from hillfinder.training.suitability import Weights

logging.getLogger(__name__).addHandler(logging.NullHandler())

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
    "load",
    "near",
    "read_extract",
    "read_graphml",
    "scan",
    "to_networkx",
]

_HOMES = {
    "Catalogue": "region.catalogue",
    "Chain": "elevation.sources.fallback",
    "Climb": "model",
    "Criteria": "criteria",
    "GradedLine": "results.grading.graded_line",
    "Grades": "results.grading.grades",
    "HeightSource": "model",
    "Heights": "elevation.heights",
    "HillfinderError": "errors",
    "Hill": "results.hill",
    "Hills": "results.hills",
    "Place": "model",
    "Plan": "results.plan",
    "Profile": "model",
    "Raster": "elevation.sources.raster_file.raster",
    "Route": "model",
    "StreetNetwork": "streets.network",
    "Tiles": "elevation.sources.tiles",
    "Web": "services.client",
    "Weights": "training.suitability",
    "Workout": "model",
    "attach": "elevation.profiles.attach",
    "find_climbs": "climbs.search:find",
    "from_networkx": "streets.sources.osmnx_graph",
    "grade": "find",
    "load": "results.hills",
    "near": "find",
    "read_extract": "streets.sources.osm_file",
    "read_graphml": "streets.sources.osmnx_graph",
    "scan": "region.scan",
    "to_networkx": "streets.network",
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
