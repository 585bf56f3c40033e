"""Gradely, a made-up town: its terrain as a formula, its streets as a table, its truth.

Every hill, and every trap that a search for hills can fall into, stands on ground of its own, with
flat land between. A slope is straight in its middle, so that the grade there is a number from the
formula and not a measurement. Coordinates are metres east and north of ``DOOR``, in a transverse
Mercator projection of scale 1 about it: within the town, a metre on paper is a metre on the ground
to 1 part in 10 million. The place on earth is a desert, so that behind the page's map there is
nothing but the town.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from hillfinder.model import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from hillfinder.model import Floats

    Point = tuple[float, float]
    Line = tuple[Point, ...]
    Strips = tuple[tuple[float, float, float], ...]

DOOR: Final = Place(46.0, 70.0, "12 Damson Avenue, Gradely")
CRS: Final = (
    f"+proj=tmerc +lat_0={DOOR.lat} +lon_0={DOOR.lon} +k=1 +x_0=0 +y_0=0 "
    "+datum=WGS84 +units=m +no_defs"
)
#: West, south, east, north of the terrain, in metres.
BOUNDS_M: Final = (-2400.0, -2300.0, 2400.0, 2300.0)


# --- Terrain --------------------------------------------------------------------------------------

#: Height of the flat land.
PLAIN_M = 300.0
#: A slope begins and ends with a parabola so long: from 15 m past its corner it is straight.
ROUNDED_M = 30.0

#: The Sisters, a hillside north of the town that rises 36 m to a level crest at y = 1640, in
#: strips of one grade each: from x, to x, grade. Between two strips the grade changes evenly.
SISTERS: Strips = (
    (-760, -640, 0.04),
    (-560, -440, 0.06),
    (-360, -240, 0.08),
    (-150, 260, 0.10),
    (360, 500, 0.12),
)
#: The Edge, a hillside west of the town that rises 40 m to a level crest at x = -2000: from y, to
#: y, grade.
EDGE: Strips = (
    (-600, -450, 0.09),
    (-345, -125, 0.11),
    (-90, 0, 0.08),
    (130, 190, 0.30),
    (300, 700, 0.40),
    (820, 900, 0.18),
)
#: The Saddle, a ridge south of the town along y = -1100: from x, to x, grade of both its sides.
SADDLE: Strips = ((-460, -460, 0.0), (-260, -60, 0.06), (230, 390, 0.16), (590, 590, 0.0))
GORGE_X_M = 1500.0
CORKSCREW_M: Point = (1500.0, 1350.0)


def height_m(x_m: ArrayLike, y_m: ArrayLike) -> Floats:
    """Return the height of the ground in metres: the exact formula.

    ``x_m`` and ``y_m``, metres east and north of ``DOOR``, may have any shapes that broadcast.

    >>> height_m([0.0, 200.0, 200.0], [0.0, 1300.0, 1400.0])
    array([300., 302., 312.])
    """
    x, y = np.asarray(x_m, np.float64), np.asarray(y_m, np.float64)
    sisters = _hillside(x, y, SISTERS, crest=1640, height=36) * _within(x, -850, 570, 250)
    edge = _hillside(y, -x, EDGE, crest=2000, height=40) * _within(y, -600, 950, 250)
    upland = 0.05 * _rise(x, 700, 1200) * _within(x, 700, 2050, 250) * _within(y, -450, 450, 200)
    gorge_wall = 0.30 * np.maximum(np.abs(x - GORGE_X_M) - 8, 0)
    # 207.5 m to each side: with its crest rounded off, the 6 % side rises 12 m to the millimetre.
    across = y + 1100
    ridge = _strip(x, SADDLE) * (_rise(across, -207.5, 0) - _rise(across, 0, 207.5))
    cone = 0.20 * _rise(-np.hypot(x - CORKSCREW_M[0], y - CORKSCREW_M[1]), -430, -70)
    knoll = 0.07 * _rise(-x, 600, 920) * _within(-x, 600, 1000, 250) * _within(y, -460, -300, 150)
    farthing = (
        0.14 * _rise(x, 1620, 1920) * _within(x, 1600, 2050, 250) * _within(y, -1800, -1600, 250)
    )
    heron = (
        0.15 * _rise(y, 1500, 1800) * _within(y, 1500, 1900, 300) * _within(x, -1980, -1820, 150)
    )
    east = np.minimum(upland, gorge_wall)
    return np.asarray(PLAIN_M + sisters + edge + east + ridge + cone + knoll + farthing + heron)


def _rise(along: Floats, start: float | Floats, end: float | Floats) -> Floats:
    """Return the metres risen at ``along`` by a grade of 1 from ``start`` to ``end``."""

    def since(corner: float | Floats) -> Floats:
        past = along - corner + ROUNDED_M / 2
        rounded = np.clip(past, 0, ROUNDED_M)
        return np.asarray(rounded**2 / (2 * ROUNDED_M) + np.maximum(past - ROUNDED_M, 0))

    return since(start) - since(end)


def _within(at: Floats, low: float, high: float, fade: float) -> Floats:
    """Return 1 between ``low`` and ``high``, 0 from ``fade`` metres outside, smooth between."""
    near = np.clip(1 + np.minimum(at - low, high - at) / fade, 0, 1)
    return near**2 * (3 - 2 * near)


def _strip(across: Floats, strips: Strips) -> Floats:
    """Return the grade of the strip at ``across``."""
    table = np.array(strips, np.float64)
    return np.asarray(np.interp(across, table[:, :2].ravel(), table[:, 2].repeat(2)))


def _hillside(across: Floats, up: Floats, strips: Strips, crest: float, height: float) -> Floats:
    """Return a hillside with a level crest: the flatter a strip, the farther off its foot."""
    grade = _strip(across, strips)
    return grade * _rise(up, crest - height / grade, crest)


# --- Lines that are not straight ------------------------------------------------------------------


def _terrace() -> Line:
    """Return the contour at half the height of the Edge, as a careless mapper drew it.

    Where the hillside is 40 %, the line sways 4 m to each side of the road: the ground under it
    goes up and down by 1.6 m, while the road, cut into the slope, is level. A full sway takes
    66.7 m, so that over 100 m the false rise is greatest.
    """
    y = np.arange(-40, 741, 8.0)
    sway = np.where((y > 300) & (y < 700), 4 * np.sin(2 * np.pi * (y - 300) * 6 / 400), 0.0)
    x = -2000 + 20 / _strip(y, EDGE) + sway
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _corkscrew() -> Line:
    """Return the switchback up the cone, from the road at its foot to the summit.

    Every step is 20 m long and 9.5 m nearer to the summit, on a cone of 20 %: a grade of 9.5 %.
    """
    step_m, nearer_m = 20.0, 9.5
    radius, angle, way_round = 443.0, math.radians(-127), 1
    line: list[Point] = [(1200, 720)]
    for step in range(42):
        east, north = CORKSCREW_M
        line.append((east + radius * math.cos(angle), north + radius * math.sin(angle)))
        if step in {15, 26}:
            way_round = -way_round
        inner = radius - nearer_m
        angle += way_round * math.acos((radius**2 + inner**2 - step_m**2) / (2 * radius * inner))
        radius = inner
    return (*line, CORKSCREW_M)


def _millstream() -> Line:
    """Return a path that winds beside a stream over the plain."""
    x = np.linspace(-480, -1470, 46)
    y = 270 - (x + 480) * 0.13 + 35 * np.sin((x + 480) / 75) * np.sin((x + 480) * np.pi / 990)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _ring(x: float, y: float, radius: float) -> Line:
    """Return a circle that begins and ends at its eastmost point."""
    turns = [2 * math.pi * corner / 12 for corner in range(12)]
    circle = [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]
    return (*circle, circle[0])


def _box(west: float, south: float, east: float, north: float) -> Line:
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


# --- Streets --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way of the map: ``line`` in metres; ``tags`` as in OpenStreetMap."""

    id: int
    line: Line
    tags: Mapping[str, str]


def _way(way_id: int, name: str, highway: str, *line: Point, **tags: str) -> Way:
    return Way(way_id, line, {"highway": highway} | ({"name": name} if name else {}) | tags)


TOWN = {"surface": "asphalt", "lit": "yes"}
LANE = {"surface": "asphalt", "lit": "no"}
TRAIL = {"surface": "fine_gravel", "lit": "no"}
STONE = {"surface": "sett", "lit": "yes"}
CORKSCREW = _corkscrew()
TERRACE = _terrace()

#: Ways on one ``layer`` meet where they cross or touch; on two layers, where both name the point.
WAYS: tuple[Way, ...] = (
    # The town round the door: flat.
    _way(101, "Almond Avenue", "residential", (-480, -380), (-480, 640), **TOWN),
    _way(102, "Bramble Avenue", "residential", (-320, -380), (-320, 380), **TOWN),
    _way(103, "Cherry Avenue", "residential", (-160, -380), (-160, 380), **TOWN),
    _way(104, "Damson Avenue", "residential", (-10, -380), (-10, 640), **TOWN),
    _way(105, "Elder Avenue", "residential", (140, -380), (140, 380), **TOWN),
    _way(106, "Fig Avenue", "residential", (310, -380), (310, 640), **TOWN),
    _way(107, "Gooseberry Avenue", "residential", (480, -380), (480, 380), **TOWN),
    _way(111, "Chandler Street", "residential", (-480, -380), (480, -380), **TOWN),
    _way(112, "Cooper Street", "residential", (-480, -280), (480, -280), **TOWN),
    _way(113, "Draper Street", "residential", (-480, -160), (480, -160), **TOWN),
    _way(114, "Fletcher Street", "tertiary", (-480, -40), (480, -40), **TOWN),
    _way(115, "Glover Street", "tertiary", (-480, 60), (520, 60), **TOWN),
    _way(116, "Mercer Street", "living_street", (-480, 160), (480, 160), **STONE),
    _way(117, "Salt & Pepper Street", "living_street", (-480, 270), (480, 270), **STONE),
    _way(118, "Weaver Street", "residential", (-480, 380), (480, 380), **TOWN),
    # North: the Sisters.
    _way(201, "Meadow Street", "tertiary", (-700, 640), (480, 640), **TOWN),
    _way(202, "Belvedere Row", "residential", (-760, 1700), (500, 1700), **TOWN),
    _way(203, "Agnes Street", "residential", (-700, 640), (-700, 1700), **TOWN),
    _way(204, "Beatrice Street", "unclassified", (-500, 640), (-500, 1700), **LANE),
    _way(205, "Clara Street", "residential", (-300, 640), (-300, 1700), **TOWN),
    _way(211, "Dora Street", "residential", (-100, 640), (-100, 1370), **TOWN),
    _way(212, "Dora Street", "residential", (-100, 1370), (-100, 1460), **TOWN, incline="up"),
    _way(213, "Dora Street", "residential", (-100, 1460), (-100, 1550), **STONE, incline="up"),
    _way(214, "Dora Street", "residential", (-100, 1550), (-100, 1700), **TOWN),
    _way(215, "Flora Street", "residential", (200, 1700), (200, 640), **TOWN, incline="down"),
    _way(216, "Slantwise Street", "residential", (-100, 1240), (200, 1640), **TOWN),
    _way(217, "Lower Level", "residential", (-100, 1370), (230, 1370), **TOWN),
    _way(218, "Middle Level", "residential", (-100, 1460), (230, 1460), **TOWN),
    _way(219, "Upper Level", "residential", (-100, 1550), (230, 1550), **TOWN),
    _way(220, "", "service", (230, 1370), (230, 1550), service="parking_aisle", surface="asphalt"),
    _way(
        221, "Edith Street", "residential", (420, 640), (420, 1700), **TOWN, sidewalk="separate",
    ),
    _way(222, "", "footway", (412, 1300), (412, 1700), **TOWN, footway="sidewalk"),
    _way(223, "", "footway", (428, 1300), (428, 1700), **TOWN, footway="sidewalk"),
    _way(224, "", "footway", (412, 1300), (428, 1300), **TOWN, footway="crossing"),
    # North-east: the cone.
    _way(301, "Windmill Road", "unclassified", (480, 640), (700, 720), (1500, 720), **LANE),
    _way(302, "Corkscrew Trail", "path", *CORKSCREW, **TRAIL),
    # West: the Edge.
    _way(401, "Western Way", "tertiary", (-480, -40), (-1470, -40), **TOWN),
    _way(402, "Millstream Path", "path", *_millstream(), **TRAIL),
    _way(403, "Vineyard Lane", "unclassified", (-1470, -520), (-1470, 860), **LANE),
    _way(404, "Crest Lane", "unclassified", (-2060, -520), (-2060, 160), **LANE),
    _way(405, "Coach Road", "tertiary", (-1470, -40), (-2060, -40), **TOWN),
    _way(406, "", "path", (-1470, -520), (-2060, -520), surface="ground"),
    _way(
        407, "", "path", (-1470, -230), (-1540, -230), (-1660, -230), (-1780, -230),
        (-1900, -230), (-2020, -230), (-2060, -230), surface="grass",
    ),
    _way(408, "Hundred Steps", "footway", (-1470, 160), (-1860, 160), **LANE),
    _way(409, "Hundred Steps", "steps", (-1860, 160), (-2010, 160), **LANE, handrail="yes"),
    _way(410, "Hundred Steps", "footway", (-2010, 160), (-2060, 160), **LANE),
    _way(411, "Terrace Road", "residential", *TERRACE, **TOWN),
    _way(
        412, "", "service", (-1470, 860), (-2040, 860), service="driveway", access="private",
        surface="paving_stones",
    ),
    Way(421, _box(-2040, -590, -1490, -450), {"leisure": "park", "name": "Orchard Park"}),
    Way(422, _box(-2050, -345, -1490, -125), {"leisure": "golf_course", "name": "Gradely Links"}),
    # South-west: the cul-de-sac.
    _way(501, "Larkspur Close", "residential", (-480, -380), (-940, -380), **TOWN),
    _way(502, "Larkspur Close", "residential", *_ring(-952, -380, 12), **TOWN),
    # East: the upland with the gorge.
    _way(
        601, "Viaduct Parade", "secondary", (520, 60), (560, 52.5), (1260, 52.5), (1300, 60),
        **TOWN, oneway="yes",
    ),
    _way(
        602, "Viaduct Parade", "secondary", (1300, 60), (1260, 67.5), (560, 67.5), (520, 60),
        **TOWN, oneway="yes",
    ),
    _way(603, "High Bridge", "secondary", (1300, 60), (1405, 60), **TOWN),
    _way(604, "High Bridge", "secondary", (1405, 60), (1595, 60), **TOWN, bridge="yes", layer="1"),
    _way(605, "High Bridge", "secondary", (1595, 60), (1760, 60), **TOWN),
    _way(606, "Rookery Row", "residential", (1760, -250), (1760, 350), **TOWN),
    _way(
        607, "Eyrie Lane", "residential", (1760, 350), (1900, 350), (1900, -250), (1760, -250),
        **LANE,
    ),
    _way(608, "Gorge Street", "unclassified", (1500, -760), (1500, 720), **LANE),
    _way(609, "Ferry Road", "unclassified", (480, -380), (900, -760), (1500, -760), **LANE),
    # South: the Saddle, and the far hill beyond it.
    _way(701, "Saddle Street", "residential", (-160, -380), (-160, -1450), **TOWN),
    _way(702, "Underhill Road", "tertiary", (310, -380), (310, -870), **TOWN),
    _way(
        703, "Underhill Road", "tertiary", (310, -870), (310, -1330), **TOWN, tunnel="yes",
        layer="-1",
    ),
    _way(704, "Underhill Road", "tertiary", (310, -1330), (310, -1450), **TOWN),
    _way(705, "Sedge Street", "unclassified", (-160, -1450), (900, -1450), **LANE),
    _way(706, "Farthing Road", "unclassified", (900, -1450), (1400, -1700), (1560, -1700), **LANE),
    _way(707, "Farthing Hill", "unclassified", (1560, -1700), (1990, -1700), **LANE),
    # North-west: an island.
    _way(801, "Reed Street", "residential", (-2050, 1420), (-1750, 1420), **LANE),
    _way(802, "Heron Rise", "residential", (-1900, 1420), (-1900, 1860), **LANE),
    _way(
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
    stretch: Line
    why: str
    way_ids: tuple[int, ...]
    is_hill: bool = True
    on_ground: bool = True
    reachable: bool = True

    @property
    def length_m(self) -> float:
        """Length of the stretch, in metres."""
        return sum(math.dist(a, b) for a, b in pairwise(self.stretch))


def _hill(name: str, grade: float, stretch: Line, why: str, *way_ids: int) -> KnownHill:
    return KnownHill(name, grade, stretch, why, way_ids)


def _trap(name: str, grade: float, stretch: Line, why: str, way_id: int) -> KnownHill:
    return KnownHill(name, grade, stretch, why, (way_id,), is_hill=False)


def _level(name: str, stretch: Line, why: str, way_id: int) -> KnownHill:
    """Return a level road above, below or beside the ground that its line is mapped on."""
    return KnownHill(name, 0.0, stretch, why, (way_id,), is_hill=False, on_ground=False)


#: Whatever is not named here rises less than 3 m in any 100 m.
KNOWN: tuple[KnownHill, ...] = (
    _hill("Agnes Street", 0.04, ((-700, 755), (-700, 1625)), "a long gradual hill", 203),
    _hill("Beatrice Street", 0.06, ((-500, 1055), (-500, 1625)), "straight up", 204),
    _hill("Clara Street", 0.08, ((-300, 1205), (-300, 1625)), "straight up", 205),
    _hill(
        "Dora Street", 0.10, ((-100, 1295), (-100, 1625)),
        "in four ways: any 200 m of it span three", 211, 212, 213, 214,
    ),
    _hill(
        "Flora Street", 0.10, ((200, 1295), (200, 1625)),
        "drawn downhill, and an end of three level streets", 215,
    ),
    _hill(
        "Slantwise Street", 0.08, ((-55, 1300), (185, 1620)),
        "diagonal on a slope of 10 %: 8 % along it", 216,
    ),
    _hill(
        "Edith Street", 0.12, ((420, 1355), (420, 1625)),
        "between two sidewalks, 8 m to each side: one hill", 221, 222, 223,
    ),
    _hill(
        "Corkscrew Trail", 0.095, CORKSCREW[5:39],
        "three legs up a cone of 20 %, bent back on themselves", 302,
    ),
    _hill("Coach Road", 0.08, ((-1515, -40), (-1985, -40)), "beyond a flat road", 405),
    _hill(
        "", 0.09, ((-1575, -520), (-1985, -520)), "a path without a name, off Vineyard Lane", 406
    ),
    _hill(
        "Larkspur Close", 0.07, ((-615, -380), (-905, -380)),
        "a dead end that ends in a loop; nearer than 10 minutes", 501,
    ),
    _hill(
        "Viaduct Parade", 0.05, ((715, 52.5), (1185, 52.5)),
        "two carriageways 15 m apart, each one way: one hill", 601, 602,
    ),
    _hill(
        "Saddle Street", 0.06, ((-160, -908), (-160, -1085)),
        "up 12 m and down 12 m: flat from end to end; nearer than 10 minutes", 701,
    ),
    _hill("Saddle Street", 0.06, ((-160, -1292), (-160, -1115)), "the ridge's far side", 701),
    _hill("Farthing Hill", 0.14, ((1635, -1700), (1905, -1700)), "farther than 20 minutes", 707),
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
