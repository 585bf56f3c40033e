"""The whole world: every service, over one city."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from hillfinder.demo import files, town
from tests.towns import DATA
from tests.world.files import Files
from tests.world.nominatim import Nominatim
from tests.world.overpass import Overpass, extract
from tests.world.terrarium import Terrarium, of_raster

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
    made = files.write(folder)
    return City(made.osm, made.dem, "Gradely", (town.DOOR.lat, town.DOOR.lon))


class World:
    """Two servers of Overpass, one of names, one of tiles, on loopback."""

    def __init__(self, city: City | None = None) -> None:
        """Read a city; the made-up town where none is given."""
        self._stack = ExitStack()
        if city is None:
            city = made_up(Path(self._stack.enter_context(TemporaryDirectory())))
        self.city = city
        nodes, ways = extract(city.osm)
        self.overpass = Overpass(nodes, ways)
        self.mirror = Overpass(nodes, ways)
        self.nominatim = Nominatim({city.name: city.door, "Nowhere": ()})
        self.terrarium = Terrarium(of_raster(city.dem), "ned13/made_up.tif")
        self.files = Files()  # of 3DEP and Copernicus: none, until somebody puts one there

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
            "files": self.files,
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
            "HILLFINDER_USGS_URL": self.files.url + "/{tile}/USGS_13_{tile}.tif",
            "HILLFINDER_COPERNICUS_URL": self.files.url + "/{tile}/{tile}.tif",
        }

    @property
    def asked(self) -> dict[str, int]:
        """How many questions each service was asked."""
        return {name: len(service.requests) for name, service in self.services.items()}
