"""The services hillfinder talks to, as small real servers on loopback.

Each speaks the protocol of the real one and can be told to fail (``tests.world.service``).
"""

from tests.world.files import Files, cloud_optimised
from tests.world.nominatim import Nominatim
from tests.world.overpass import Overpass, Way, extract
from tests.world.service import Answer, Service
from tests.world.terrarium import Mapterhorn, Terrarium, of_raster

__all__ = [
    "Answer",
    "Files",
    "Mapterhorn",
    "Nominatim",
    "Overpass",
    "Service",
    "Terrarium",
    "Way",
    "cloud_optimised",
    "extract",
    "of_raster",
]
