"""The services hillfinder talks to, as small real servers on loopback.

Each speaks the protocol of the real one and can be told to fail (``tests.world.service``).
``python -m tests.world`` starts them all, so that anyone can do the whole live job against them;
``python -m tests.world.faults`` prints what comes of each fault, and
``python -m tests.world.killed`` what comes of searches that are killed.
"""

from tests.world.files import Files, cloud_optimised
from tests.world.nominatim import Nominatim
from tests.world.openmeteo import OpenMeteo
from tests.world.overpass import Overpass, Way, extract
from tests.world.service import Answer, Service
from tests.world.terrarium import Mapterhorn, Terrarium, of_raster

__all__ = [
    "Answer",
    "Files",
    "Mapterhorn",
    "Nominatim",
    "OpenMeteo",
    "Overpass",
    "Service",
    "Terrarium",
    "Way",
    "cloud_optimised",
    "extract",
    "of_raster",
]
