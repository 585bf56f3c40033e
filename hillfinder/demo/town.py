"""Gradely, a fictional town: its streets as a table, and the true grade of each hill and trap.

Coordinates are metres east and north of ``DOOR``, in a transverse Mercator projection of scale 1
about it: within the town, a metre on paper is a metre on the ground to 1 part in 10 million. The
place on earth is a desert, so that behind the page's map there is nothing but the town.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from hillfinder.demo.terrain import CORKSCREW_M, EDGE, strip_grade
from hillfinder.model import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.demo.terrain import PointM

    LineM = tuple[PointM, ...]

DOOR: Final = Place(46.0, 70.0, "12 Damson Avenue, Gradely")
CRS: Final = (
    f"+proj=tmerc +lat_0={DOOR.lat} +lon_0={DOOR.lon} +k=1 +x_0=0 +y_0=0 "
    "+datum=WGS84 +units=m +no_defs"
)


# --- Lines that are not straight ------------------------------------------------------------------


def _terrace() -> LineM:
    """Return the contour at half the height of the Edge, as a careless mapper drew it.

    Where the hillside is 40 %, the line sways 4 m to each side of the road: the ground under it
    goes up and down by 1.6 m, while the road, cut into the slope, is level. A full sway takes
    66.7 m, so that over 100 m the false rise is greatest.
    """
    y = np.arange(-40, 741, 8.0)
    sway = np.where((y > 300) & (y < 700), 4 * np.sin(2 * np.pi * (y - 300) * 6 / 400), 0.0)
    x = -2000 + 20 / strip_grade(y, EDGE) + sway
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _corkscrew() -> LineM:
    """Return the switchback up the cone, from the road at its foot to the summit.

    Every step is 20 m long and 9.5 m nearer to the summit, on a cone of 20 %: a grade of 9.5 %.
    """
    step_m, nearer_m = 20.0, 9.5
    radius, angle, way_round = 443.0, math.radians(-127), 1
    line: list[PointM] = [(1200, 720)]
    for step in range(42):
        east, north = CORKSCREW_M
        line.append((east + radius * math.cos(angle), north + radius * math.sin(angle)))
        if step in {15, 26}:
            way_round = -way_round
        inner = radius - nearer_m
        angle += way_round * math.acos((radius**2 + inner**2 - step_m**2) / (2 * radius * inner))
        radius = inner
    return (*line, CORKSCREW_M)


def _millstream() -> LineM:
    """Return a path that winds beside a stream over the plain."""
    x = np.linspace(-480, -1470, 46)
    y = 270 - (x + 480) * 0.13 + 35 * np.sin((x + 480) / 75) * np.sin((x + 480) * np.pi / 990)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _circle(x: float, y: float, radius: float) -> LineM:
    """Return a circle that begins and ends at its eastmost point."""
    turns = [2 * math.pi * corner / 12 for corner in range(12)]
    circle = [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]
    return (*circle, circle[0])


def _rect(west: float, south: float, east: float, north: float) -> LineM:
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


# --- Streets --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class TownWay:
    """A way of the map: ``line`` in metres; ``tags`` as in OpenStreetMap."""

    id: int
    line: LineM
    tags: Mapping[str, str]


def _road(way_id: int, name: str, highway: str, *line: PointM, **tags: str) -> TownWay:
    return TownWay(way_id, line, {"highway": highway} | ({"name": name} if name else {}) | tags)


TOWN = {"surface": "asphalt", "lit": "yes"}
LANE = {"surface": "asphalt", "lit": "no"}
TRAIL = {"surface": "fine_gravel", "lit": "no"}
STONE = {"surface": "sett", "lit": "yes"}
CORKSCREW = _corkscrew()
TERRACE = _terrace()

#: Ways on one ``layer`` meet where they cross or touch; on two layers, where both name the point.
WAYS: tuple[TownWay, ...] = (
    # The town round the door: flat.
    _road(101, "Almond Avenue", "residential", (-480, -380), (-480, 640), **TOWN),
    _road(102, "Bramble Avenue", "residential", (-320, -380), (-320, 380), **TOWN),
    _road(103, "Cherry Avenue", "residential", (-160, -380), (-160, 380), **TOWN),
    _road(104, "Damson Avenue", "residential", (-10, -380), (-10, 640), **TOWN),
    _road(105, "Elder Avenue", "residential", (140, -380), (140, 380), **TOWN),
    _road(106, "Fig Avenue", "residential", (310, -380), (310, 640), **TOWN),
    _road(107, "Gooseberry Avenue", "residential", (480, -380), (480, 380), **TOWN),
    _road(111, "Chandler Street", "residential", (-480, -380), (480, -380), **TOWN),
    _road(112, "Cooper Street", "residential", (-480, -280), (480, -280), **TOWN),
    _road(113, "Draper Street", "residential", (-480, -160), (480, -160), **TOWN),
    _road(114, "Fletcher Street", "tertiary", (-480, -40), (480, -40), **TOWN),
    _road(115, "Glover Street", "tertiary", (-480, 60), (520, 60), **TOWN),
    _road(116, "Mercer Street", "living_street", (-480, 160), (480, 160), **STONE),
    _road(117, "Salt & Pepper Street", "living_street", (-480, 270), (480, 270), **STONE),
    _road(118, "Weaver Street", "residential", (-480, 380), (480, 380), **TOWN),
    # North: the Sisters.
    _road(201, "Meadow Street", "tertiary", (-700, 640), (480, 640), **TOWN),
    _road(202, "Belvedere Row", "residential", (-760, 1700), (500, 1700), **TOWN),
    _road(203, "Agnes Street", "residential", (-700, 640), (-700, 1700), **TOWN),
    _road(204, "Beatrice Street", "unclassified", (-500, 640), (-500, 1700), **LANE),
    _road(205, "Clara Street", "residential", (-300, 640), (-300, 1700), **TOWN),
    _road(211, "Dora Street", "residential", (-100, 640), (-100, 1370), **TOWN),
    _road(212, "Dora Street", "residential", (-100, 1370), (-100, 1460), **TOWN, incline="up"),
    _road(213, "Dora Street", "residential", (-100, 1460), (-100, 1550), **STONE, incline="up"),
    _road(214, "Dora Street", "residential", (-100, 1550), (-100, 1700), **TOWN),
    _road(215, "Flora Street", "residential", (200, 1700), (200, 640), **TOWN, incline="down"),
    _road(216, "Slantwise Street", "residential", (-100, 1240), (200, 1640), **TOWN),
    _road(217, "Lower Level", "residential", (-100, 1370), (230, 1370), **TOWN),
    _road(218, "Middle Level", "residential", (-100, 1460), (230, 1460), **TOWN),
    _road(219, "Upper Level", "residential", (-100, 1550), (230, 1550), **TOWN),
    _road(220, "", "service", (230, 1370), (230, 1550), service="parking_aisle", surface="asphalt"),
    _road(
        221, "Edith Street", "residential", (420, 640), (420, 1700), **TOWN, sidewalk="separate",
    ),
    _road(222, "", "footway", (412, 1300), (412, 1700), **TOWN, footway="sidewalk"),
    _road(223, "", "footway", (428, 1300), (428, 1700), **TOWN, footway="sidewalk"),
    _road(224, "", "footway", (412, 1300), (428, 1300), **TOWN, footway="crossing"),
    # North-east: the cone.
    _road(301, "Windmill Road", "unclassified", (480, 640), (700, 720), (1500, 720), **LANE),
    _road(302, "Corkscrew Trail", "path", *CORKSCREW, **TRAIL),
    # West: the Edge.
    _road(401, "Western Way", "tertiary", (-480, -40), (-1470, -40), **TOWN),
    _road(402, "Millstream Path", "path", *_millstream(), **TRAIL),
    _road(403, "Vineyard Lane", "unclassified", (-1470, -520), (-1470, 860), **LANE),
    _road(404, "Crest Lane", "unclassified", (-2060, -520), (-2060, 160), **LANE),
    _road(405, "Coach Road", "tertiary", (-1470, -40), (-2060, -40), **TOWN),
    _road(406, "", "path", (-1470, -520), (-2060, -520), surface="ground"),
    _road(
        407, "", "path", (-1470, -230), (-1540, -230), (-1660, -230), (-1780, -230),
        (-1900, -230), (-2020, -230), (-2060, -230), surface="grass",
    ),
    _road(408, "Hundred Steps", "footway", (-1470, 160), (-1860, 160), **LANE),
    _road(409, "Hundred Steps", "steps", (-1860, 160), (-2010, 160), **LANE, handrail="yes"),
    _road(410, "Hundred Steps", "footway", (-2010, 160), (-2060, 160), **LANE),
    _road(411, "Terrace Road", "residential", *TERRACE, **TOWN),
    _road(
        412, "", "service", (-1470, 860), (-2040, 860), service="driveway", access="private",
        surface="paving_stones",
    ),
    TownWay(421, _rect(-2040, -590, -1490, -450), {"leisure": "park", "name": "Orchard Park"}),
    TownWay(
        422, _rect(-2050, -345, -1490, -125), {"leisure": "golf_course", "name": "Gradely Links"},
    ),
    # South-west: the cul-de-sac.
    _road(501, "Larkspur Close", "residential", (-480, -380), (-940, -380), **TOWN),
    _road(502, "Larkspur Close", "residential", *_circle(-952, -380, 12), **TOWN),
    # East: the upland with the gorge.
    _road(
        601, "Viaduct Parade", "secondary", (520, 60), (560, 52.5), (1260, 52.5), (1300, 60),
        **TOWN, oneway="yes",
    ),
    _road(
        602, "Viaduct Parade", "secondary", (1300, 60), (1260, 67.5), (560, 67.5), (520, 60),
        **TOWN, oneway="yes",
    ),
    _road(603, "High Bridge", "secondary", (1300, 60), (1405, 60), **TOWN),
    _road(604, "High Bridge", "secondary", (1405, 60), (1595, 60), **TOWN, bridge="yes", layer="1"),
    _road(605, "High Bridge", "secondary", (1595, 60), (1760, 60), **TOWN),
    _road(606, "Rookery Row", "residential", (1760, -250), (1760, 350), **TOWN),
    _road(
        607, "Eyrie Lane", "residential", (1760, 350), (1900, 350), (1900, -250), (1760, -250),
        **LANE,
    ),
    _road(608, "Gorge Street", "unclassified", (1500, -760), (1500, 720), **LANE),
    _road(609, "Ferry Road", "unclassified", (480, -380), (900, -760), (1500, -760), **LANE),
    # South: the Saddle, and the far hill beyond it.
    _road(701, "Saddle Street", "residential", (-160, -380), (-160, -1450), **TOWN),
    _road(702, "Underhill Road", "tertiary", (310, -380), (310, -870), **TOWN),
    _road(
        703, "Underhill Road", "tertiary", (310, -870), (310, -1330), **TOWN, tunnel="yes",
        layer="-1",
    ),
    _road(704, "Underhill Road", "tertiary", (310, -1330), (310, -1450), **TOWN),
    _road(705, "Sedge Street", "unclassified", (-160, -1450), (900, -1450), **LANE),
    _road(706, "Farthing Road", "unclassified", (900, -1450), (1400, -1700), (1560, -1700), **LANE),
    _road(707, "Farthing Hill", "unclassified", (1560, -1700), (1990, -1700), **LANE),
    # North-west: an island.
    _road(801, "Reed Street", "residential", (-2050, 1420), (-1750, 1420), **LANE),
    _road(802, "Heron Rise", "residential", (-1900, 1420), (-1900, 1860), **LANE),
    _road(
        803, "Otter Lane", "residential", (-2050, 1420), (-2050, 1300), (-1750, 1300),
        (-1750, 1420), **LANE,
    ),
)  # fmt: skip


# --- The truth ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class KnownHill:
    """A hill of the town, or a trap, and what is true about it.

    Attributes:
        name: the street's name, empty where it has none.
        grade: the true grade of the road all along ``stretch``, as a ratio.
        stretch: the points of that stretch in metres, foot first.
        why: what it tests.
        way_ids: the ways that are this hill: a list names it once, by any of them.
        is_hill: a list of hills may name it; otherwise it never may.
        on_ground: the ground under ``stretch`` has the road's height, by ``height_m``.
        reachable: streets lead to it from ``DOOR``.
    """

    name: str
    grade: float
    stretch: LineM
    why: str
    way_ids: tuple[int, ...]
    is_hill: bool = True
    on_ground: bool = True
    reachable: bool = True

    @property
    def length_m(self) -> float:
        """Length of the stretch, in metres."""
        return sum(math.dist(a, b) for a, b in pairwise(self.stretch))


def _truth(name: str, grade: float, stretch: LineM, why: str, *way_ids: int) -> KnownHill:
    return KnownHill(name, grade, stretch, why, way_ids)


def _trap(name: str, grade: float, stretch: LineM, why: str, way_id: int) -> KnownHill:
    return KnownHill(name, grade, stretch, why, (way_id,), is_hill=False)


def _level(name: str, stretch: LineM, why: str, way_id: int) -> KnownHill:
    """Return a level road above, below or beside the ground that its line is mapped on."""
    return KnownHill(name, 0.0, stretch, why, (way_id,), is_hill=False, on_ground=False)


#: Whatever is not named here rises less than 3 m in any 100 m.
KNOWN_HILLS: tuple[KnownHill, ...] = (
    _truth("Agnes Street", 0.04, ((-700, 755), (-700, 1625)), "a long gradual hill", 203),
    _truth("Beatrice Street", 0.06, ((-500, 1055), (-500, 1625)), "straight up", 204),
    _truth("Clara Street", 0.08, ((-300, 1205), (-300, 1625)), "straight up", 205),
    _truth(
        "Dora Street", 0.10, ((-100, 1295), (-100, 1625)),
        "in four ways: any 200 m of it span three", 211, 212, 213, 214,
    ),
    _truth(
        "Flora Street", 0.10, ((200, 1295), (200, 1625)),
        "drawn downhill, and an end of three level streets", 215,
    ),
    _truth(
        "Slantwise Street", 0.08, ((-55, 1300), (185, 1620)),
        "diagonal on a slope of 10 %: 8 % along it", 216,
    ),
    _truth(
        "Edith Street", 0.12, ((420, 1355), (420, 1625)),
        "between two sidewalks, 8 m to each side: one hill", 221, 222, 223,
    ),
    _truth(
        "Corkscrew Trail", 0.095, CORKSCREW[5:39],
        "three legs up a cone of 20 %, bent back on themselves", 302,
    ),
    _truth("Coach Road", 0.08, ((-1515, -40), (-1985, -40)), "beyond a flat road", 405),
    _truth(
        "", 0.09, ((-1575, -520), (-1985, -520)), "a path without a name, off Vineyard Lane", 406
    ),
    _truth(
        "Larkspur Close", 0.07, ((-615, -380), (-905, -380)),
        "a dead end that ends in a loop; nearer than 10 minutes", 501,
    ),
    _truth(
        "Viaduct Parade", 0.05, ((715, 52.5), (1185, 52.5)),
        "two carriageways 15 m apart, each one way: one hill", 601, 602,
    ),
    _truth(
        "Saddle Street", 0.06, ((-160, -908), (-160, -1085)),
        "up 12 m and down 12 m: flat from end to end; nearer than 10 minutes", 701,
    ),
    _truth("Saddle Street", 0.06, ((-160, -1292), (-160, -1115)), "the ridge's far side", 701),
    _truth("Farthing Hill", 0.14, ((1635, -1700), (1905, -1700)), "farther than 20 minutes", 707),
    KnownHill(
        "Heron Rise", 0.15, ((-1900, 1515), (-1900, 1785)), "no street leads there", (802,),
        is_hill=False, reachable=False,
    ),
    _trap("Lower Level", 0.0, ((-100, 1370), (230, 1370)), "across a slope of 10 %", 217),
    _trap("Middle Level", 0.0, ((-100, 1460), (230, 1460)), "across a slope of 10 %", 218),
    _trap("Upper Level", 0.0, ((-100, 1550), (230, 1550)), "across a slope of 10 %", 219),
    _trap("", 0.10, ((230, 1370), (230, 1550)), "an aisle of a car park", 220),
    _trap("", 0.11, ((-1655, -230), (-1985, -230)), "a path on a golf course", 407),
    _trap("Hundred Steps", 0.30, ((-1882, 160), (-1985, 160)), "stairs", 409),
    _trap("", 0.18, ((-1795, 860), (-1985, 860)), "a private drive", 412),
    _trap(
        "Gorge Street", 0.0, ((1500, -760), (1500, 720)),
        "level, under the bridge, with no node in common", 608,
    ),
    _level(
        "Terrace Road", TERRACE,
        "cut into a hillside of 40 %, and mapped up to 4 m off", 411,
    ),
    _level(
        "High Bridge", ((1405, 60), (1595, 60)),
        "a bridge over a gorge 25 m deep: the ground below falls and rises by 30 %", 604,
    ),
    _level(
        "Underhill Road", ((310, -870), (310, -1330)),
        "a tunnel: the hill above rises and falls by 16 %", 703,
    ),
)  # fmt: skip
