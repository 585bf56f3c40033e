"""Read how a way is underfoot: its surface, and how rough, soft or faint it is.

This is the only table of surfaces. ``slick`` is how much grip a surface loses when wet, in three
steps: 0 keeps the grip that a rubber sole needs on any street, 1 loses it on a steep one (smooth
stone, bare earth, grass), 2 is slippery where it is nearly flat (wet planks and steel). These are a
runner's judgments, not measurements.

Sources of the values: the OpenStreetMap wiki, "Key:surface", "Key:smoothness", "Key:tracktype",
"Key:sac_scale", "Key:trail_visibility".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hillfinder.streets.tags.values import parts

if TYPE_CHECKING:
    from collections.abc import Mapping


class Surface(NamedTuple):
    """One judgment of a surface, for every use.

    Attributes:
        words: its name, as in "on wet cobbles".
        slick: how much grip it loses when wet, 0 to 2.
        loose: stones or sand roll under the foot, most of all downhill.
        mud: rain makes it soft.
        firm: it suits fast running when dry.
        soft: it gives way under the foot when dry.
        paved: it is smooth and made for wheels.
        unsafe: nobody should run on it.
    """

    words: str
    slick: int = 0
    loose: bool = False
    mud: bool = False
    firm: bool = True
    soft: bool = False
    paved: bool = False
    unsafe: bool = False

    @property
    def poor(self) -> bool:
        """Whether it is too loose, slick, muddy or uneven to jog down."""
        return bool(self.slick or self.loose or self.mud or not self.firm)


_ASPHALT = Surface("asphalt", paved=True)
_CONCRETE = Surface("concrete", paved=True)
_COBBLES = Surface("cobbles", slick=1, firm=False)  # worn round and smooth, edges catch the toe
_SETTS = Surface("setts", slick=1)  # flat, but polished by wheels
_BRICKS = Surface("bricks", slick=1, paved=True)  # moss in the joints
_EARTH = Surface("bare earth", slick=1, mud=True)
_ROCK = Surface("rock", slick=1, firm=False)

SURFACES: Final[Mapping[str, Surface]] = {
    "asphalt": _ASPHALT,
    "chipseal": _ASPHALT,
    "tartan": Surface("running track"),
    "rubber": Surface("rubber"),
    "acrylic": Surface("acrylic", slick=1),
    "concrete": _CONCRETE,
    "concrete:lanes": Surface("concrete lanes", firm=False),  # with grass between
    "concrete:plates": _CONCRETE,
    "paved": Surface("paving", paved=True),
    "paving_stones": Surface("paving stones", paved=True),
    "bricks": _BRICKS,
    "brick": _BRICKS,
    "sett": _SETTS,
    "cobblestone": _COBBLES,
    "cobblestone:flattened": _SETTS,
    "unhewn_cobblestone": _COBBLES,
    "grass_paver": Surface("grass pavers", slick=1, firm=False),
    "wood": Surface("wood", slick=2),  # algae and wet grain
    "woodchips": Surface("wood chips", firm=False, soft=True),
    "metal": Surface("metal", slick=2),
    "metal_grid": Surface("metal grating", slick=2),
    "compacted": Surface("compacted gravel"),
    "fine_gravel": Surface("fine gravel", loose=True),
    "gravel": Surface("gravel", loose=True),
    "pebblestone": Surface("pebbles", loose=True, firm=False),
    "shells": Surface("shells", loose=True, firm=False),
    "unpaved": Surface("unpaved ground", slick=1, mud=True),
    "ground": _EARTH,
    "dirt": _EARTH,
    "earth": _EARTH,
    "roots": Surface("roots", slick=1, firm=False),
    "clay": Surface("clay", slick=2, mud=True),
    "mud": Surface("mud", slick=2, mud=True, firm=False, soft=True, unsafe=True),
    "grass": Surface("grass", slick=1, mud=True, firm=False, soft=True),
    "sand": Surface("sand", loose=True, firm=False, soft=True),
    "rock": _ROCK,
    "stone": _ROCK,
    "stepping_stones": Surface("stepping stones", slick=2, firm=False),
    "snow": Surface("snow", slick=2, firm=False, soft=True),
    "ice": Surface("ice", slick=2, firm=False, unsafe=True),
}

#: ``smoothness``, from 0 for even ground to ``ROUGHEST``.
_ROUGHNESS: Final[Mapping[str, int]] = {
    "excellent": 0,
    "good": 0,
    "intermediate": 1,
    "bad": 2,
    "very_bad": 3,
    "horrible": 4,
    "very_horrible": 5,
    "impassable": 5,
}
ROUGHEST: Final = max(_ROUGHNESS.values())
#: ``tracktype``, from 1 for solid to 5 for soft.
_TRACK_GRADES: Final = {f"grade{grade}": grade for grade in range(1, 6)}
#: ``sac_scale`` as the grades T1 to T3 of the Swiss Alpine Club; beyond, nobody walks a route.
_HIKING: Final = {"hiking": 1, "mountain_hiking": 2, "demanding_mountain_hiking": 3}
#: ``trail_visibility``: 0 seen everywhere, 1 faint in places, 2 hard to see.
_FAINT: Final = {"excellent": 0, "good": 0, "intermediate": 1, "bad": 2}

SURFACE_KEYS: Final = ("surface", "smoothness", "tracktype", "sac_scale", "trail_visibility")
"""Every tag key that is read here."""


def surface_of(tags: Mapping[str, str]) -> Surface | None:
    """Return the surface of a way, the worst of several; ``None`` where it is unknown.

    >>> surface_of({"surface": "asphalt;cobblestone"}).words
    'cobbles'
    >>> surface_of({"highway": "residential"}) is None
    True
    """
    known = [each for part in parts(tags.get("surface")) if (each := _by_name(part))]
    return max(known, key=_badness, default=None)


def is_paved(tags: Mapping[str, str]) -> bool:
    """Tell whether every surface that is named is paved."""
    named = [part for part in parts(tags.get("surface")) if part]
    return bool(named) and all((each := _by_name(part)) and each.paved for part in named)


def roughness(tags: Mapping[str, str]) -> int | None:
    """Return how rough a way is, 0 to ``ROUGHEST``; ``None`` where it is unknown."""
    return _worst(_ROUGHNESS, tags.get("smoothness"))


def track_grade(tags: Mapping[str, str]) -> int | None:
    """Return how soft a track is, 1 to 5; ``None`` where it is unknown."""
    return _worst(_TRACK_GRADES, tags.get("tracktype"))


def hiking_grade(tags: Mapping[str, str]) -> int:
    """Return how hard a mountain path is, 1 to 3; 0 where it is unknown."""
    return _worst(_HIKING, tags.get("sac_scale")) or 0


def faintness(tags: Mapping[str, str]) -> int:
    """Return how hard a path is to see, 0 to 2; 0 where it is unknown."""
    return _worst(_FAINT, tags.get("trail_visibility")) or 0


def _by_name(value: str) -> Surface | None:
    """Return a surface by name; of an unknown kind of a known one, that one."""
    return SURFACES.get(value) or SURFACES.get(value.partition(":")[0].strip())


def _badness(surface: Surface) -> tuple[int, bool, bool, bool, bool]:
    return surface.slick, surface.loose, surface.mud, not surface.firm, surface.soft


def _worst(table: Mapping[str, int], value: str | None) -> int | None:
    return max((table[part] for part in parts(value) if part in table), default=None)
