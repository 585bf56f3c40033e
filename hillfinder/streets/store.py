"""Areas kept on disk: streets, and the heights along them, built once and then read in a blink.

An area is kept with where its streets come from, the box it covers and when it was fetched. It
serves every place from which all that is wanted lies inside that box. It is dropped when it is
damaged, and when the code that built it has changed.
"""

from __future__ import annotations

import io
import json
import math
import time
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.errors import PlaceError, StreetsError
from hillfinder.model import HeightSource, StreetSource, read_only
from hillfinder.streets.network import Blur, Lines, Profiles, StreetNetwork, Ways
from hillfinder.streets.spots import Spots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from hillfinder.cache import Entry
    from hillfinder.model import Bools, Ints, Place
    from hillfinder.web import Web

    Box: TypeAlias = tuple[float, float, float, float]
    Arrays: TypeAlias = Mapping[str, np.ndarray[Any, Any]]

#: An area reaches so much farther than is asked for: a start a street away needs no other.
NEIGHBOURS_M = 400.0
#: From such an age on it is said how old an area is. Streets change by about a hundredth a year.
OLD_DAYS = 90.0
METRES_PER_DEGREE = 111_195.0
NO_HEIGHTS = HeightSource("none", "unknown", 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Streets as far as a box reaches.

    Attributes:
        network: the streets, with profiles where heights were read.
        box: west, south, east, north in degrees, ``None`` where the source is all there is. West
            is greater than east, or one of them beyond 180, across the antimeridian.
        fetched: when the streets were read from their source, in seconds since 1970.
        heights: where the profiles come from.
        lasting: another run would get the same, so that it may be kept.
    """

    network: StreetNetwork
    box: Box | None
    fetched: float
    heights: HeightSource = NO_HEIGHTS
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for among the areas, and how it is made where there is none.

    Attributes:
        origin: what the area is made of, in words; ``None`` is never kept.
        bounds: the box it must cover.
        make: makes it.
        ages: its source changes, so that its age matters.
    """

    origin: str | None
    bounds: Box | None
    make: Callable[[], Area]
    ages: bool = False


def from_overpass(place: Place, radius_m: float, web: Web) -> Wanted:
    """Want the streets within ``radius_m`` metres of a place, from Overpass.

    Raises:
        PlaceError, StreetsError: the place is too near a pole, or the radius too large.
    """
    from hillfinder.streets import graph, overpass

    box = overpass.box(place, radius_m + NEIGHBOURS_M)

    def make() -> Area:
        pulled = overpass.pull(place, radius_m + NEIGHBOURS_M, web)
        network = graph.from_networkx(pulled, overpass.source(pulled), nodes_known=True)
        return Area(network, box, time.time())

    return Wanted(
        f"Overpass {', '.join(web.overpass_urls)}", around(place, radius_m), make, ages=True
    )


def from_file(path: Path, place: Place, radius_m: float) -> Wanted:
    """Want the streets within ``radius_m`` metres of a place, from a file; all of a GraphML.

    Raises:
        PlaceError: the place is too near a pole.
    """

    def make() -> Area:
        if whole:
            from hillfinder.streets import graph

            return Area(graph.read(path), None, time.time())
        from hillfinder.streets import extract

        box = around(place, radius_m + NEIGHBOURS_M)
        return Area(extract.read(path, box), box, time.time())

    whole = path.suffix.lower() == ".graphml"
    bounds = None if whole else around(place, radius_m)
    try:
        state = path.stat()
    except OSError:  # whoever reads it says what is wrong with it
        return Wanted(None, bounds, make)
    origin = f"{path.resolve()} of {state.st_size} bytes, changed at {state.st_mtime_ns}"
    return Wanted(origin, bounds, make)


def get(wanted: Wanted, web: Web) -> Area:
    """Return an area that covers what is wanted, kept if there is one, else made and kept."""
    if wanted.origin is None:
        return wanted.make()
    for entry in _candidates(wanted, web):
        found = web.cache.read(entry.name)
        area = None if found is None else _unpack(found[1], entry.about)
        if area is not None:
            days = (time.time() - _date(area)) / 86_400.0
            if wanted.ages and days > OLD_DAYS:
                age = f"{days:.0f} days old"
                web.progress.say(
                    f"The streets of this area are {age}: --refresh fetches them anew."
                )
            return area
        web.cache.drop(entry.name)
    area = wanted.make()
    if area.lasting:
        name = sha256(f"{wanted.origin} {area.box}".encode()).hexdigest()
        about = {
            "of": wanted.origin,
            "code": _code(),
            "box": area.box,
            "fetched": area.fetched,
            "heights": asdict(area.heights),
        }
        web.cache.write(f"areas/{name}.npz", _pack(area.network), about)
    return area


def around(place: Place, radius_m: float) -> Box:
    """Return west, south, east, north; west is greater than east across the antimeridian.

    >>> from hillfinder.model import Place
    >>> [round(side, 3) for side in around(Place(60.0, 180.0), 11_119.5)]
    [179.799, 59.9, -179.799, 60.1]

    Raises:
        PlaceError: a pole is nearer than that.
    """
    north = radius_m / METRES_PER_DEGREE
    if abs(place.lat) + north >= 90:
        msg = (
            f"Latitude {place.lat:g} lies within {radius_m / 1000:.0f} km of a pole: no street is "
            "mapped there."
        )
        raise PlaceError(msg)
    east = min(180.0, north / math.cos(math.radians(abs(place.lat) + north)))
    west, east = ((lon + 180.0) % 360.0 - 180.0 for lon in (place.lon - east, place.lon + east))
    return west, place.lat - north, east, place.lat + north


def cut(network: StreetNetwork, bounds: Box | None) -> StreetNetwork:
    """Return the ways whose own box touches ``bounds``, whole: what a file is read for.

    So a search has the same streets before it, whichever area serves it.

    Raises:
        StreetsError: there are none.
    """
    if bounds is None:
        return network
    edges = _touching(network.point_lon, network.point_lat, network.point_offset, bounds)
    ways = np.zeros(len(network.ways.ids), bool)
    ways[network.edge_way[edges]] = True
    edges = ways[network.edge_way]
    if not edges.any():
        msg = f"{network.source.name} holds no streets near the place: check that it covers it."
        raise StreetsError(msg)
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    nodes, ends = np.unique(ends, return_inverse=True)
    u, v = np.split(ends.astype(np.int64), 2)
    point_offset, points = _of_runs(network.point_offset, edges)
    profiles = network.profiles
    if profiles is not None:
        offset, samples = _of_runs(profiles.offset, edges)
        rest = _rows(profiles, samples, "offset", "blur")
        profiles = Profiles(offset=offset, blur=profiles.blur, **rest)
    rows = np.flatnonzero(ways)
    renamed = np.cumsum(ways) - 1
    return replace(
        network,
        **_rows(network, nodes, only="node_"),
        **_rows(network, points, "point_offset", only="point_"),
        edge_u=read_only(u),
        edge_v=read_only(v),
        edge_way=read_only(renamed[network.edge_way[edges]]),
        edge_length_m=read_only(network.edge_length_m[edges]),
        point_offset=point_offset,
        ways=Ways(
            ids=tuple(network.ways.ids[row] for row in rows.tolist()),
            tag={key: read_only(column[rows]) for key, column in network.ways.tag.items()},
            **_rows(network.ways, rows, "ids", "tag"),
        ),
        spots=network.spots.among(points),
        profiles=profiles,
    )


def _date(area: Area) -> float:
    """Return of when the streets are, in seconds since 1970.

    Built anew from replies that were kept, an area is no younger than these.
    """
    try:
        return datetime.fromisoformat(area.network.source.date or "").timestamp()
    except ValueError:
        return area.fetched


def _candidates(wanted: Wanted, web: Web) -> Iterator[Entry]:
    """Yield the areas that will do, the newest first; those of other code are dropped."""
    entries = web.cache.entries("areas")
    for entry in sorted(entries, key=lambda entry: -float(entry.about.get("fetched", 0.0))):
        if entry.about.get("of") != wanted.origin:
            continue
        if entry.about.get("code") != _code():
            web.cache.drop(entry.name)
        elif entry.about["fetched"] >= web.fresh_from and _covers(entry.about["box"], wanted):
            yield entry


def _covers(box: Box | None, wanted: Wanted) -> bool:
    if box is None or wanted.bounds is None:
        return box is None
    west, south, east, north = wanted.bounds
    begin, width = (west - box[0]) % 360.0, (east - west) % 360.0
    return box[1] <= south and north <= box[3] and begin + width <= (box[2] - box[0]) % 360.0


@cache
def _code() -> str:
    """Return the checksum of the code that builds streets and profiles.

    What it decided is in the arrays: after a change to it they are built anew.
    """
    digest = sha256()
    for room in ("streets", "elevation"):
        for path in sorted(Path(__file__).parents[1].joinpath(room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _rows(record: object, rows: Ints | Bools, *but: str, only: str = "") -> dict[str, Any]:
    """Return rows of the arrays of a record whose names begin with ``only``."""
    return {
        each.name: read_only(getattr(record, each.name)[rows])
        for each in fields(record)  # type: ignore[arg-type]
        if each.name.startswith(only) and each.name not in but
    }


def _of_runs(offset: Ints, runs: Bools) -> tuple[Ints, Bools]:
    """Return the offsets of chosen runs laid end to end, and which elements are in them."""
    length = np.diff(offset)
    chosen = np.concatenate([[0], np.cumsum(length[runs])])
    return read_only(chosen), np.repeat(runs, length)


def _touching(lon: Any, lat: Any, offset: Ints, bounds: Box) -> Bools:  # noqa: ANN401
    """Return for each line whether its box touches ``bounds``."""
    west, south, east, north = bounds
    half = (east - west) % 360.0 / 2
    across = (lon - west - half + 180.0) % 360.0 - 180.0  # from the middle, past 180 degrees too
    first = offset[:-1]
    return np.asarray(
        (np.minimum.reduceat(across, first) <= half)
        & (np.maximum.reduceat(across, first) >= -half)
        & (np.minimum.reduceat(lat, first) <= north)
        & (np.maximum.reduceat(lat, first) >= south)
    )


def _pack(network: StreetNetwork) -> bytes:
    """Return a network as bytes: arrays of numbers, and a text for all else."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for prefix, record in _records(network):
        for each in fields(record):
            value = getattr(record, each.name)
            if isinstance(value, np.ndarray):
                arrays[prefix + each.name] = value
    arrays["ways.ids"] = np.array([one for ids in network.ways.ids for one in ids], np.int64)
    arrays["ways.count"] = np.array([len(ids) for ids in network.ways.ids], np.int64)
    words: dict[str, list[str]] = {}
    columns = {f"ways.tag.{key}": column for key, column in network.ways.tag.items()}
    for key, column in {**columns, "spots.name": network.spots.name}.items():
        known = sorted({value for value in column if value is not None})
        number = {value: row for row, value in enumerate([None, *known])}
        words[key] = known
        arrays[key] = np.array([number[value] for value in column], np.int32)
    text: dict[str, Any] = {"crs": network.crs, "source": asdict(network.source), "words": words}
    text["nodes_known"] = network.spots.nodes_known
    if network.profiles is not None:
        text["blur"] = network.profiles.blur
    arrays["text"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]  # its last argument is no array
    return packed.getvalue()


def _records(network: StreetNetwork) -> Iterator[tuple[str, Any]]:
    yield "", network
    yield "ways.", network.ways
    yield "decks.", network.decks
    yield "spots.", network.spots
    if network.profiles is not None:
        yield "profiles.", network.profiles


def _unpack(packed: bytes, about: Mapping[str, Any]) -> Area | None:
    """Return an area, or ``None`` where the bytes are none after all."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            arrays = {name: read_only(file[name]) for name in file.files}
        text = json.loads(arrays.pop("text").tobytes())
        columns = {
            key: read_only(np.array([None, *known], object)[arrays[key]])
            for key, known in text["words"].items()
        }
        ids, count = arrays["ways.ids"].tolist(), arrays["ways.count"].tolist()
        ends = np.cumsum(count).tolist()
        ways = Ways(
            ids=tuple(tuple(ids[end - n : end]) for n, end in zip(count, ends, strict=True)),
            tag={
                key.removeprefix("ways.tag."): column
                for key, column in columns.items()
                if key.startswith("ways.tag.")
            },
            **_group(Ways, arrays, "ways.", "ids", "tag"),
        )
        profiles = None
        if "profiles.offset" in arrays:
            rest = _group(Profiles, arrays, "profiles.", "blur")
            profiles = Profiles(blur=Blur(*text["blur"]), **rest)
        network = StreetNetwork(
            **_group(
                StreetNetwork, arrays, "", "ways", "decks", "spots", "crs", "source", "profiles"
            ),
            ways=ways,
            decks=Lines(**_group(Lines, arrays, "decks.")),
            spots=Spots(
                name=columns["spots.name"],
                nodes_known=bool(text["nodes_known"]),
                **_group(Spots, arrays, "spots.", "name", "nodes_known"),
            ),
            crs=text["crs"],
            source=StreetSource(**text["source"]),
            profiles=profiles,
        )
        heights = HeightSource(**about["heights"])
        box = None if about["box"] is None else tuple(about["box"])
        return Area(network, box, float(about["fetched"]), heights)
    except (KeyError, TypeError, ValueError, OSError, IndexError):
        return None


def _group(record: type, arrays: Arrays, prefix: str, *but: str) -> dict[str, Any]:
    """Return the arrays of one record, by the names of its fields."""
    names = [each.name for each in fields(record) if each.name not in but]
    return {name: arrays[prefix + name] for name in names}
