"""Read the JSON that Overpass sends, as a browser saves it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from hillfinder.errors import StreetsError
from hillfinder.streets.sources.osm_checks import cut_short
from hillfinder.streets.tags.features import NODE_KEYS, of_node

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.model import MarkKind


class Elements(NamedTuple):
    """The contents of a reply.

    Attributes:
        ways: ids of ways, with the ids of their nodes and their tags.
        places: longitude and latitude of nodes, in degrees, by id.
        kinds: what the tagged nodes are, by id.
        date: of the data, ISO 8601, where the reply has one.
    """

    ways: dict[int, tuple[list[int], dict[str, str]]]
    places: dict[int, tuple[float, float]]
    kinds: dict[int, MarkKind]
    date: str | None


def read_reply(path: Path) -> Elements:
    """Read a saved reply, with places beside the ways (``out geom``) or in nodes of their own.

    Raises:
        StreetsError: it is not such a reply, or says that it is cut short.
    """
    try:
        reply = json.loads(path.read_bytes())
        if reply.get("remark"):
            raise cut_short(path.name, str(reply["remark"]))
        found = Elements({}, {}, {}, reply.get("osm3s", {}).get("timestamp_osm_base"))
        for element in reply["elements"]:
            if element["type"] == "node":
                _put_place(found, element["id"], element)
                tags = element.get("tags", {})
                kind = of_node(*[tags.get(key) for key in NODE_KEYS])
                if kind is not None:
                    found.kinds[element["id"]] = kind
            elif element["type"] == "way":
                refs = element.get("nodes", [])
                for ref, place in zip(refs, element.get("geometry", [])):  # noqa: B905 - or none
                    if place is not None:
                        _put_place(found, ref, place)
                # ``out skel`` sends a way once more, without its tags.
                known = found.ways.get(int(element["id"]), ([], {}))
                found.ways[int(element["id"])] = (
                    [*map(int, refs)] or known[0],
                    element.get("tags") or known[1],
                )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        msg = f"{path.name} is not the JSON that Overpass sends: save it as OSM XML (.osm) instead."
        raise StreetsError(msg) from error
    return found


def _put_place(found: Elements, ref: int, place: dict[str, Any]) -> None:
    lon, lat = float(place["lon"]), float(place["lat"])
    if -180 <= lon <= 180 and -90 <= lat <= 90:  # NaN is neither
        found.places[int(ref)] = lon, lat
