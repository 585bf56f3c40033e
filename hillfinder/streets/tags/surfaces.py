"""How a surface behaves under a runner: dry, wet and frozen. The one table of surfaces.

``slick`` is how much of its grip a surface loses when wet, in three steps: 0 keeps what a rubber
sole needs on any street that is built, 1 does not on a steep one (smooth stone, bare earth, grass),
2 is slippery where it is nearly flat (wet planks and steel). All of it is a runner's judgment, not
measured.

Sources of the values: the OpenStreetMap wiki, "Key:surface", "Key:smoothness", "Key:tracktype",
"Key:sac_scale", "Key:trail_visibility".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ground(NamedTuple):
    """A kind of ground.

    Attributes:
        words: what it is called, as in "on wet cobbles".
        slick: how much grip it loses when wet, 0 to 2.
        loose: stones or sand roll under the foot, most of all downhill.
        mud: rain makes it soft.
        firm: fit for fast running when dry.
    """

    words: str
    slick: int = 0
    loose: bool = False
    mud: bool = False
    firm: bool = True


_ASPHALT = Ground("asphalt")
_CONCRETE = Ground("concrete")
_PAVED = Ground("paving")
_COBBLES = Ground("cobbles", slick=1, firm=False)  # worn round and smooth, edges catch the toe
_SETTS = Ground("setts", slick=1)  # flat, but polished by wheels
_WOOD = Ground("wood", slick=2)  # algae and wet grain
_METAL = Ground("metal", slick=2)
_GRAVEL = Ground("gravel", loose=True)
_COMPACTED = Ground("compacted gravel")
_EARTH = Ground("bare earth", slick=1, mud=True)
_GRASS = Ground("grass", slick=1, mud=True, firm=False)
_SAND = Ground("sand", loose=True, firm=False)
_ROCK = Ground("rock", slick=1, firm=False)

GROUNDS: Mapping[str, Ground] = {
    "asphalt": _ASPHALT,
    "chipseal": _ASPHALT,
    "tartan": Ground("running track"),
    "rubber": Ground("rubber"),
    "acrylic": Ground("acrylic", slick=1),
    "concrete": _CONCRETE,
    "concrete:lanes": Ground("concrete lanes", firm=False),  # with grass between
    "concrete:plates": _CONCRETE,
    "paved": _PAVED,
    "paving_stones": Ground("paving stones"),
    "bricks": Ground("bricks", slick=1),  # moss in the joints
    "brick": Ground("bricks", slick=1),
    "sett": _SETTS,
    "cobblestone": _COBBLES,
    "cobblestone:flattened": _SETTS,
    "unhewn_cobblestone": _COBBLES,
    "grass_paver": Ground("grass pavers", slick=1, firm=False),
    "wood": _WOOD,
    "woodchips": Ground("wood chips", firm=False),
    "metal": _METAL,
    "metal_grid": Ground("metal grating", slick=2),
    "compacted": _COMPACTED,
    "fine_gravel": Ground("fine gravel", loose=True),
    "gravel": _GRAVEL,
    "pebblestone": Ground("pebbles", loose=True, firm=False),
    "shells": Ground("shells", loose=True, firm=False),
    "unpaved": Ground("unpaved ground", slick=1, mud=True),
    "ground": _EARTH,
    "dirt": _EARTH,
    "earth": _EARTH,
    "clay": Ground("clay", slick=2, mud=True),
    "mud": Ground("mud", slick=2, mud=True, firm=False),
    "grass": _GRASS,
    "sand": _SAND,
    "rock": _ROCK,
    "stone": _ROCK,
    "stepping_stones": Ground("stepping stones", slick=2, firm=False),
    "snow": Ground("snow", slick=2, firm=False),
    "ice": Ground("ice", slick=2, firm=False),
}

#: The worst of them is told: of a list, and of several ways.
ROUGH: Mapping[str, str] = {
    "bad": "bumpy",
    "very_bad": "rough: watch your feet",
    "horrible": "very rough: watch every step",
    "very_horrible": "very rough: watch every step",
    "impassable": "very rough: watch every step",
}
TRACKS: Mapping[str, str] = {
    "grade4": "soft track",
    "grade5": "soft track, muddy after rain",
}
SAC: Mapping[str, str] = {
    "mountain_hiking": "A mountain path (T2): sure feet are needed, trail shoes help.",
    "demanding_mountain_hiking": "A hard mountain path (T3): for walking, not for running.",
}
VISIBILITY: Mapping[str, str] = {
    "intermediate": "The path is faint in places.",
    "bad": "The path is hard to see.",
}


def of(tags: Mapping[str, str]) -> Ground | None:
    """Return the ground of a way, the worst when wet of several; ``None`` where nobody said.

    >>> of({"surface": "asphalt;cobblestone"}).words
    'cobbles'
    >>> of({"highway": "residential"}) is None
    True
    """
    values = [part.strip().lower() for part in tags.get("surface", "").split(";")]
    known = [GROUNDS[value] for value in values if value in GROUNDS]
    return max(known, key=lambda ground: (ground.slick, ground.loose), default=None)


def told(table: Mapping[str, str], value: str) -> str:
    """Return what a table says of a value, of a list the last of the table; nothing else."""
    parts = {part.strip().lower() for part in value.split(";")}
    return next((table[key] for key in reversed([*table]) if key in parts), "")
