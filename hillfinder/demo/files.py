"""Write the fictional town as OpenStreetMap XML and GeoTIFF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from hillfinder.demo.terrain import BOUNDS_M, height_m
from hillfinder.demo.town import CRS, WAYS, TownWay
from hillfinder.errors import OutputError
from hillfinder.services.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hillfinder.demo.terrain import PointM
    from hillfinder.demo.town import LineM
    from hillfinder.model import Floats

#: Cell size of the GeoTIFF, m.
CELL_M: Final = 5.0
NODATA: Final = -9999.0
#: Decimals of a coordinate in metres: to the centimetre, like OpenStreetMap itself.
CM_DECIMALS = 2
#: Distance at which two lines meet, m: room for rounding, far less than a centimetre.
TOUCH_M = 1e-3


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the town was written: ``osm`` holds the streets, ``dem`` the heights."""

    osm: Path
    dem: Path


def write_town(folder: Path) -> DemoFiles:
    """Write the town: ``gradely.osm``, OpenStreetMap XML, and ``gradely.tif``, a GeoTIFF.

    The GeoTIFF has cells of 5 m in the town's own projection; the centre of a cell has exactly the
    formula's height. The same bytes are written every time.

    Args:
        folder: made where it is missing.

    Raises:
        OutputError: the files cannot be written there.
    """
    files = DemoFiles(osm=folder / "gradely.osm", dem=folder / "gradely.tif")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(files.osm, _osm_xml().encode(), synced=False)
        write_atomically(files.dem, _geotiff(), synced=False)
    except OSError as error:
        msg = f"The made-up town cannot be written to {folder} ({error}): give another folder."
        raise OutputError(msg) from error
    return files


def _geotiff() -> bytes:
    from rasterio import Affine
    from rasterio.io import MemoryFile

    west, south, east, north = BOUNDS_M
    x = np.arange(west + CELL_M / 2, east, CELL_M)
    y = np.arange(north - CELL_M / 2, south, -CELL_M)
    heights = height_m(x[np.newaxis, :], y[:, np.newaxis]).astype(np.float32)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=len(x),
            height=len(y),
            count=1,
            dtype="float32",
            nodata=NODATA,
            crs=CRS,
            transform=Affine(CELL_M, 0, west, 0, -CELL_M, north),
            compress="deflate",
            predictor=3,
        ) as raster:
            raster.write(heights, 1)
        return bytes(memory.read())


def _osm_xml() -> str:
    from pyproj import Transformer

    lines = _noded(WAYS)
    points = dict.fromkeys(point for line in lines for point in line)
    node_ids = {point: node_id for node_id, point in enumerate(points, 1)}
    x, y = np.array(list(node_ids)).T
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(x, y)
    bounds = (
        f'minlat="{lat.min():.7f}" minlon="{lon.min():.7f}" '
        f'maxlat="{lat.max():.7f}" maxlon="{lon.max():.7f}"'
    )
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<osm version="0.6" generator="hillfinder demo">',
            f"  <bounds {bounds}/>",
            *(
                f'  <node id="{node_id}" version="1" lat="{node_lat:.7f}" lon="{node_lon:.7f}"/>'
                for node_id, node_lat, node_lon in zip(node_ids.values(), lat, lon, strict=True)
            ),
            *(
                element
                for way, line in zip(WAYS, lines, strict=True)
                for element in _way_elements(way, [node_ids[point] for point in line])
            ),
            "</osm>",
            "",
        ]
    )


def _way_elements(way: TownWay, nodes: Sequence[int]) -> Iterator[str]:
    yield f'  <way id="{way.id}" version="1">'
    yield from (f'    <nd ref="{node}"/>' for node in nodes)
    yield from (
        f"    <tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in way.tags.items()
    )
    yield "  </way>"


def _noded(ways: Sequence[TownWay]) -> list[LineM]:
    """Return the ways' lines, to the centimetre, with a point wherever two streets meet.

    Streets meet where they cross or touch on one ``layer``. An area meets nothing.
    """
    lines = [
        tuple((round(x, CM_DECIMALS) + 0.0, round(y, CM_DECIMALS) + 0.0) for x, y in way.line)
        for way in ways
    ]
    owner = np.repeat(np.arange(len(lines)), [len(line) - 1 for line in lines])
    start = np.array([point for line in lines for point in line[:-1]])
    step = np.array([point for line in lines for point in line[1:]]) - start
    layer = np.array(
        [float(way.tags.get("layer", 0)) if "highway" in way.tags else np.nan for way in ways]
    )[owner]
    # Segment i meets segment j at start[i] + share[i, j] * step[i].
    gap = start[np.newaxis] - start[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = _cross2(gap, step[np.newaxis]) / _cross2(step[:, np.newaxis], step[np.newaxis])
    slack = (TOUCH_M / np.hypot(*step.T))[:, np.newaxis]
    on_segment = (share >= -slack) & (share <= 1 + slack)
    one_level = layer[:, np.newaxis] == layer
    meet = on_segment & on_segment.T & one_level & (owner[:, np.newaxis] != owner)
    found: list[dict[PointM, float]] = [{} for _ in start]
    for i, j in np.argwhere(np.triu(meet)).tolist():
        x, y = (np.round(start[i] + share[i, j] * step[i], CM_DECIMALS) + 0.0).tolist()
        found[i][x, y], found[j][x, y] = share[i, j], share[j, i]
    joined: list[list[PointM]] = [[line[0]] for line in lines]
    ends = [point for line in lines for point in line[1:]]
    for row, points, end in zip(owner.tolist(), found, ends, strict=True):
        own = {joined[row][-1], end}
        inner = [point for point in sorted(points, key=points.__getitem__) if point not in own]
        joined[row] += [*inner, end]
    return [tuple(line) for line in joined]


def _cross2(a: Floats, b: Floats) -> Floats:
    """Return the cross product of plane vectors along the last axis."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
