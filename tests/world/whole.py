"""The whole world: every service, over one city."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from math import floor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from hillfinder.demo import files, town
from hillfinder.elevation.sources.registry import EVERYWHERE, copernicus_tile, usgs_tile
from tests.towns import DATA
from tests.world.files import Files, cloud_optimised
from tests.world.nominatim import Nominatim
from tests.world.openmeteo import OpenMeteo
from tests.world.overpass import Overpass, extract, tags_of_nodes
from tests.world.terrarium import Mapterhorn, Terrarium, of_raster

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.world.service import Service

PORTLAND = DATA / "portland"


@dataclass(frozen=True)
class City:
    """What a world is made of, and from where hills are sought in it."""

    osm: Path
    dem: Path
    name: str
    door: tuple[float, float]


def portland() -> City:
    """Return a real city: some 13,000 edges."""
    osm, dem = PORTLAND / "portland-central-filtered.osm.pbf", PORTLAND / "portland-ned.tif"
    return City(osm, dem, "Council Crest, Portland", (45.5120, -122.6960))


def made_up(folder: Path) -> City:
    """Return a small made-up town, written to a folder."""
    made = files.write_town(folder)
    return City(made.osm, made.dem, "Gradely", (town.DOOR.lat, town.DOOR.lon))


class World:
    """Two servers of Overpass, one of names, two of tiles, two of elevation files, one of weather.

    The files are of nowhere but what ``check`` asks for, until they are laid out: where tiles fail
    there is nothing else, unless that is what is tried.
    """

    def __init__(self, city: City | None = None) -> None:
        """Read a city; the made-up town where none is given."""
        self._stack = ExitStack()
        if city is None:
            city = made_up(Path(self._stack.enter_context(TemporaryDirectory())))
        self.city = city
        nodes, ways = extract(city.osm)
        node_tags = tags_of_nodes(city.osm)
        self.overpass = Overpass(nodes, ways, node_tags)
        self.mirror = Overpass(nodes, ways, node_tags)
        self.nominatim = Nominatim({city.name: city.door, "Nowhere": ()})
        surface = of_raster(city.dem)
        self.terrarium = Terrarium(surface, "ned13/made_up.tif")
        self.mapterhorn = Mapterhorn(surface)
        self.usgs, self.copernicus = Files(), Files()
        self.openmeteo = OpenMeteo()
        self._model = cloud_optimised(city.dem)
        self._lay_out(*EVERYWHERE, b"II*\0" + bytes(1000))

    def lay_out(self) -> Self:
        """Serve the city's elevation model as 3DEP and as Copernicus."""
        south, west = (floor(degrees) for degrees in self.city.door)
        self._lay_out(south, west, self._model)
        return self

    def _lay_out(self, south: int, west: int, data: bytes) -> None:
        name = usgs_tile(south, west)
        self.usgs.files[f"/{name}/USGS_13_{name}.tif"] = data
        name = copernicus_tile(south, west)
        self.copernicus.files[f"/{name}/{name}.tif"] = data

    def __enter__(self) -> Self:
        for service in self.services.values():
            self._stack.enter_context(service)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def services(self) -> Mapping[str, Service]:
        """All of them, by what they are called."""
        return {
            "overpass": self.overpass,
            "mirror": self.mirror,
            "nominatim": self.nominatim,
            "terrarium": self.terrarium,
            "mapterhorn": self.mapterhorn,
            "usgs": self.usgs,
            "copernicus": self.copernicus,
            "openmeteo": self.openmeteo,
        }

    @property
    def place(self) -> str:
        """From where hills are sought."""
        return f"{self.city.door[0]},{self.city.door[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process is set up with to live in this world."""
        return {
            "HILLFINDER_OFFLINE": "0",
            "HILLFINDER_OVERPASS_URL": f"{self.overpass.api},{self.mirror.api}",
            "HILLFINDER_NOMINATIM_URL": self.nominatim.url,
            "HILLFINDER_TERRARIUM_URL": self.terrarium.template,
            "HILLFINDER_MAPTERHORN_URL": self.mapterhorn.template,
            "HILLFINDER_USGS_URL": self.usgs.url + "/{tile}/USGS_13_{tile}.tif",
            "HILLFINDER_OPENMETEO_URL": self.openmeteo.url,
            "HILLFINDER_COPERNICUS_URL": self.copernicus.url + "/{tile}/{tile}.tif",
        }

    @property
    def asked(self) -> dict[str, int]:
        """How many questions each service was asked."""
        return {name: len(service.requests) for name, service in self.services.items()}
