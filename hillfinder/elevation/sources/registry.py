"""The elevation services: one entry each, from which all else follows.

``--elevation`` and its help, ``hillfinder sources`` and ``hillfinder check`` are made from
``ELEVATION_SERVICES``. A new service of tiles or of files of a degree is a new entry here.

It is read for every ``--help``, and so imports no NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hillfinder.services.service import Probe, Service, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hillfinder.model import HeightKind

#: The name for the best that there is at a place.
AUTO = "auto"
USE_A_FILE = "give an elevation file (--dem FILE)"
#: How a TIFF or BigTIFF begins, in either byte order.
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: South and west edge of a square for which every elevation model has a file, degrees: asking for
#: it says nothing of where the user is.
EVERYWHERE = (39, -106)


@dataclass(frozen=True, slots=True)
class TileSet:
    """Heights in the tiles of a web map, read by ``tiles.Tiles``.

    Attributes:
        size: pixels a side.
        format: of the pictures.
        zooms: the zooms to try, finest first, and what heights are of where a zoom is the finest.
        header: the reply header in which a tile names its models; empty where there is none.
    """

    size: int
    format: Literal["PNG", "WEBP"]
    zooms: Mapping[int, HeightKind]
    header: str = ""


@dataclass(frozen=True, slots=True)
class DegreeFiles:
    """Heights in cloud-optimised GeoTIFF files of a degree, read by ``cog.Remote``.

    Attributes:
        kind: what the heights are of.
        cell: degrees between cells, north to south.
        tile: the name of the file whose south and west edges are the arguments, in degrees.
        within: west, south, east and north edges of where there may be files, degrees.
    """

    kind: HeightKind
    cell: float
    tile: Callable[[int, int], str]
    within: tuple[tuple[float, float, float, float], ...] = ((-180.0, -90.0, 180.0, 90.0),)


@dataclass(frozen=True, slots=True)
class ElevationService:
    """An elevation service.

    Attributes:
        name: what ``--elevation`` calls it.
        title: what it is called.
        where: the part of the earth it covers, in words.
        kind, cell: what its heights are of and how far apart, in words, because it may differ by
            place.
        licence: its terms, in words.
        service: where it is; its address has fields that ``data`` fills.
        data: how it stores heights.
        automatic: ``--elevation auto`` uses it, in the order of the entries.
    """

    name: str
    title: str
    where: str
    kind: str
    cell: str
    licence: str
    service: Service
    data: TileSet | DegreeFiles
    automatic: bool = True


def _signed(value: int, positive: str, negative: str, digits: int) -> str:
    return f"{positive if value >= 0 else negative}{abs(value):0{digits}}"


def usgs_tile(south: int, west: int) -> str:
    """Name a file of 3DEP, after its north-west corner."""
    return _signed(south + 1, "n", "s", 2) + _signed(west, "e", "w", 3)


def copernicus_tile(south: int, west: int) -> str:
    """Name a file of GLO-30, after its south-west corner."""
    corner = f"{_signed(south, 'N', 'S', 2)}_00_{_signed(west, 'E', 'W', 3)}_00"
    return f"Copernicus_DSM_COG_10_{corner}_DEM"


def tile_probe(sign: bytes) -> Probe:
    """Ask for the tile that shows the whole earth."""
    return Probe(lambda address: filled(address, z=0, x=0, y=0), (sign,))


def file_probe(tile: Callable[[int, int], str]) -> Probe:
    """Ask for the first bytes of a file: it has 50 MB or more."""
    return Probe(lambda address: filled(address, tile=tile(*EVERYWHERE)), TIFF, (0, 15))


USGS_3DEP = ElevationService(
    name="3dep",
    title="USGS 3DEP 1/3 arc-second",
    where="USA",
    kind="bare earth",
    cell="10 m",
    licence="public domain",
    service=Service(
        name="USGS 3DEP",
        gives="heights are",
        instead=USE_A_FILE,
        address="https://prd-tnm.s3.amazonaws.com/StagedProducts/Elevation/13/TIFF/current/"
        "{tile}/USGS_13_{tile}.tif",
        variable="HILLFINDER_USGS_URL",
        probe=file_probe(usgs_tile),
        credit="U.S. Geological Survey, 3D Elevation Program, public domain",
    ),
    data=DegreeFiles(
        kind="bare earth",
        cell=1 / 10800,
        tile=usgs_tile,
        within=(
            (-125.0, 24.0, -66.0, 50.0),
            (-180.0, 51.0, -129.0, 72.0),  # Alaska, in part
            (172.0, 51.0, 180.0, 54.0),
            (-161.0, 18.0, -154.0, 23.0),  # Hawaii
            (-68.0, 17.0, -64.0, 19.0),  # Puerto Rico and the Virgin Islands
            (144.0, 13.0, 147.0, 21.0),  # Guam and the Northern Marianas
            (-171.0, -15.0, -168.0, -13.0),  # American Samoa
        ),
    ),
)
TERRARIUM = ElevationService(
    name="terrarium",
    title="terrarium tiles",
    where="the earth",
    kind="by tile",
    cell="2 to 30 m",
    licence="open, with credit",
    service=Service(
        name="The terrarium tile server",
        gives="heights are",
        instead=USE_A_FILE,
        address="https://s3.amazonaws.com/elevation-tiles-prod/terrarium/{z}/{x}/{y}.png",
        variable="HILLFINDER_TERRARIUM_URL",
        probe=tile_probe(b"PNG"),
        credit="Terrain Tiles by Mapzen, from 3DEP, SRTM and GMTED2010 (courtesy of the U.S. "
        "Geological Survey), ETOPO1 (NOAA) and national elevation models: "
        "https://github.com/tilezen/joerd/blob/master/docs/attribution.md",
    ),
    # At zoom 14 a pixel (10 m at the equator) is as fine as nearly all of the models behind it. A
    # 10 m model read through it is off by 0.09 points of grade over 100 m; zoom 15 brings that to
    # 0.03, for up to four times the tiles.
    data=TileSet(
        size=256, format="PNG", zooms={14: "unknown"}, header="x-amz-meta-x-imagery-sources"
    ),
)
COPERNICUS = ElevationService(
    name="copernicus",
    title="Copernicus GLO-30",
    where="nearly all the earth",
    kind="surface",
    cell="30 m",
    licence="open, with credit",
    service=Service(
        name="Copernicus GLO-30",
        gives="heights are",
        instead=USE_A_FILE,
        address="https://copernicus-dem-30m.s3.amazonaws.com/{tile}/{tile}.tif",
        variable="HILLFINDER_COPERNICUS_URL",
        probe=file_probe(copernicus_tile),
        credit="Copernicus DEM GLO-30, (c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space "
        "GmbH 2014-2018, provided under COPERNICUS by the European Union and ESA; all rights "
        "reserved",
    ),
    data=DegreeFiles(kind="surface", cell=1 / 3600, tile=copernicus_tile),
)
MAPTERHORN = ElevationService(
    name="mapterhorn",
    title="Mapterhorn",
    where="the earth",
    kind="by tile",
    cell="3 to 30 m",
    licence="open, with credit",
    service=Service(
        name="Mapterhorn",
        gives="heights are",
        instead=USE_A_FILE,
        address="https://tiles.mapterhorn.com/{z}/{x}/{y}.webp",
        variable="HILLFINDER_MAPTERHORN_URL",
        probe=tile_probe(b"WEBP"),
        credit="(c) Mapterhorn, from open elevation models of many makers and Copernicus GLO-30: "
        "https://mapterhorn.com/attribution",
    ),
    # There are tiles finer than zoom 12 only where models are finer than their pixel: 9.6 m at
    # zoom 13, 4.8 m at zoom 14. Zoom 12 is GLO-30 but for a few models of 20 m.
    data=TileSet(size=512, format="WEBP", zooms={14: "unknown", 13: "unknown", 12: "surface"}),
    automatic=False,  # it does not say which of its heights are of the bare earth
)
ELEVATION_SERVICES = (USGS_3DEP, TERRARIUM, COPERNICUS, MAPTERHORN)


def service_names() -> tuple[str, ...]:
    """Return what ``--elevation`` takes."""
    return (AUTO, *(each.name for each in ELEVATION_SERVICES))
