"""Read what a point is on foot: a gate, a crossing, lights, a road closed to feet.

Sources, pages of the OpenStreetMap wiki: "Key:barrier", "Key:crossing", "Key:railway",
"Tag:highway=crossing", "Tag:highway=traffic signals", "Tag:highway=service".
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, get_args

from hillfinder.model import MarkKind
from hillfinder.streets.tags.roads import RoadClass, class_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The kinds by their numbers in ``Spots.kind``.
MARK_KINDS: tuple[MarkKind, ...] = get_args(MarkKind)

#: The kinds, ordered by how much they stop a runner: of several at one point the first counts.
GRAVEST: tuple[MarkKind, ...] = (
    *("tracks", "gate", "barrier", "signals", "side street", "crossing", "driveway"),
)

#: Tags of nodes, and what they mean on foot. ``stop`` and ``give_way`` mark side streets, which are
#: known anyway; kerbs and toll booths stop nobody on foot.
_NODES: Mapping[str, Mapping[str, MarkKind]] = {
    "highway": {"crossing": "crossing", "traffic_signals": "signals"},
    "barrier": {
        **dict.fromkeys(
            (
                *("gate", "lift_gate", "swing_gate", "kissing_gate", "wicket_gate", "sliding_gate"),
                *("hampshire_gate", "bump_gate", "full-height_turnstile", "turnstile"),
            ),
            "gate",
        ),
        **dict.fromkeys(
            (
                *("block", "bollard", "bus_trap", "cable_barrier", "cattle_grid", "chain"),
                *("cycle_barrier", "debris", "fence", "hedge", "horse_stile", "jersey_barrier"),
                *("log", "motorcycle_barrier", "planter", "rope", "stile", "wall", "yes"),
            ),
            "barrier",
        ),
    },
    "crossing": {
        "traffic_signals": "signals",
        **dict.fromkeys(("uncontrolled", "unmarked", "marked", "zebra", "island"), "crossing"),
    },
    "railway": dict.fromkeys(
        ("level_crossing", "crossing", "tram_level_crossing", "tram_crossing"), "tracks"
    ),
}
NODE_KEYS: tuple[str, ...] = (*_NODES,)
"""Every tag key of a node that is read."""
NODE_TAGS: tuple[tuple[str, str], ...] = tuple(
    (key, value) for key, values in _NODES.items() for value in values
)
"""Every tag of a node that means something."""


@cache
def of_node(*values: str | None) -> MarkKind | None:
    """Return what a tagged node is on foot, the gravest of several.

    Args:
        values: the values of its tags, in the order of ``NODE_KEYS``.

    >>> NODE_KEYS
    ('highway', 'barrier', 'crossing', 'railway')
    >>> of_node("crossing", None, "traffic_signals", None)
    'signals'
    >>> of_node(None, "kerb", None, None) is None
    True
    """
    found = {_NODES[key].get(value or "") for key, value in zip(NODE_KEYS, values, strict=True)}
    return next((kind for kind in GRAVEST if kind in found), None)


def of_road(tags: Mapping[str, str]) -> MarkKind | None:
    """Return what the end of a road is to a runner; ``None`` for a way without wheels.

    >>> of_road({"highway": "service", "service": "alley"}), of_road({"highway": "residential"})
    ('side street', 'side street')
    >>> of_road({"highway": "service", "access": "private"}), of_road({"highway": "footway"})
    ('driveway', None)
    """
    road = class_of(tags.get("highway"))
    if not road.wheels and road is not RoadClass.TRACK:
        return None
    yard = road in (RoadClass.TRACK, RoadClass.SERVICE) and tags.get("service") != "alley"
    return "driveway" if yard else "side street"
