"""The recipe: the one place where the rooms meet."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.climbs import long_climbs, near_misses, ranking, search
from hillfinder.climbs.notes import Notes, noted_hills
from hillfinder.criteria import criteria_of
from hillfinder.elevation.heights import renamed_heights
from hillfinder.elevation.profiles import uncertainty
from hillfinder.elevation.profiles.attach import with_heights
from hillfinder.elevation.sources.given import heights_from
from hillfinder.errors import InputError
from hillfinder.output.text import misses
from hillfinder.results.grading import line_input, measure
from hillfinder.results.hill import Hill
from hillfinder.results.hills import Hills
from hillfinder.routing.warmup import Router
from hillfinder.services.client import Web
from hillfinder.services.geocoding import locate
from hillfinder.streets.geometry.crossings import Lookout
from hillfinder.streets.storage import area_cache
from hillfinder.training import rolling_run, safety, suitability

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from hillfinder.criteria import Criteria, CriteriaFields
    from hillfinder.elevation.climb_table import ClimbTable
    from hillfinder.elevation.sources.given import GivenHeights
    from hillfinder.model import Ints, Place
    from hillfinder.region.nearby import CatalogueClimbs
    from hillfinder.results.grading.grades import Grades
    from hillfinder.results.grading.line_input import Given
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.streets.storage.area_cache import Streets

#: Radius of the streets read, in times the reach of the warm-up: to tell of hills beyond it.
LOOK_BEYOND = 1.5
#: Least such radius, m: a smaller piece of a town has streets that are cut off.
LEAST_RADIUS_M = 1500.0


def near(
    place: Place | str | tuple[float, float],
    criteria: Criteria | None = None,
    *,
    streets: Streets | None = None,
    dem: GivenHeights | None = None,
    elevation: str | None = None,
    catalogue: Path | str | None = None,
    weights: suitability.Weights | None = None,
    web: Web | None = None,
    osm: Streets | None = None,
    heights: GivenHeights | None = None,
    **asked: Unpack[CriteriaFields],
) -> Hills:
    """Find the hills near a place, each with a warm-up to its foot.

    Args:
        place: ``"lat,lon"``, ``(lat, lon)`` in degrees, a name to look up, or a ``Place``.
        criteria: what counts as a hill and which session it is for; or give its fields as
            keywords: ``length_m``, ``warmup_min``, ``pace_min_per_km``, ``walk``, ``limit``,
            ``min_grade``, ``max_grade``, ``session``, ``level``, ``rank``, ``repeats``,
            ``distance_m``, ``minutes``, ``start``, ``weather``. ``help(hf.Criteria)`` explains
            them. Without any, hills are 100 to 200 m long and 10 to 20 minutes away.
        streets: an OpenStreetMap file, a saved OSMnx graph, such a graph in memory, or a
            ``StreetNetwork``; ``None`` asks Overpass.
        dem: elevation files, or any ``Heights``. With these alone no service is asked.
        elevation: the service that gives heights where ``dem`` has none: ``3dep``,
            ``terrarium``, ``copernicus``, ``mapterhorn``, or ``auto`` for the best at the place.
            ``None`` is ``auto`` without ``dem``, and no service with it.
        catalogue: a folder that ``scan`` wrote: its hills and streets are used, and no other
            streets or heights can be given.
        weights: how much each thing counts when a hill is scored for the session.
        web: how the network is used; ``None`` follows the environment.
        osm: another name for ``streets``, as on the command line.
        heights: the old name of ``dem``; deprecated.
        asked: the fields of ``Criteria``.

    Returns:
        The hills, in the order asked for; empty where none was found. ``hills[0]`` is the first,
        ``hills.frame`` the table, ``hills.workout()`` the session on the first hill.

    Raises:
        InputError: an argument cannot be used, or contradicts another.
        PlaceError: the place is nowhere, or more than 500 m from any street.
        DataError: the catalogue cannot be read.
        StreetsError: the streets cannot be read.
        HeightsError: the heights cannot be read, or do not cover the place.
        ServiceError: a service was needed and could not be reached.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import hillfinder as hf
    >>> from hillfinder.demo import files, town
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = files.write_town(Path(folder))
    ...     streets = hf.read_extract(made.osm)
    ...     hills = hf.near(town.DOOR, streets=streets, dem=made.dem, limit=3, walk=True)
    >>> len(hills), hills[0].name
    (3, 'Dora Street, Slantwise Street to Upper Level')
    """
    criteria = criteria_of(criteria, asked)
    if streets is not None and osm is not None:
        msg = "streets and osm are the same: give one of them."
        raise InputError(msg)
    streets = osm if streets is None else streets
    dem = renamed_heights(dem, heights)
    web = web or Web.from_environment()
    where = locate(place, web)
    known = None
    if catalogue is not None:
        from hillfinder.region import nearby

        _only_a_catalogue(streets, dem, elevation)
        known = nearby.look_up(Path(catalogue), where, _radius_m(criteria), criteria)
        network, source = known.network, known.heights
    else:
        wanted = area_cache.from_given(streets, where, _radius_m(criteria), web)
        wanted = with_heights(wanted, heights_from(dem, elevation, where, web), web)
        area = area_cache.get(wanted, web)
        source = area.heights
        network = area_cache.cut_to_box(area.network, wanted.bounds)
        network = uncertainty.with_uncertainty(network, source)
    router = Router(network, where, criteria)
    sky = safety.outlook(where, criteria, web)
    lookout = Lookout(network)
    judge = safety.Judge(network, sky, lookout)
    scales = suitability.Scales(network, criteria, weights, dark=sky.dark, lookout=lookout)
    climbs, rows = _sought(network, criteria, router, known)
    minutes = router.times_s(climbs)[rows] / 60.0
    run = None
    if criteria.kind.over_several:
        run = rolling_run.tour(
            router, where, criteria, climbs, rows, weigh=scales.weigh, shuns=judge.shuns
        )
        listed: Iterable[suitability.Weighed] = run.listed
    else:
        within = rows[minutes <= criteria.warmup_min[1]]
        if criteria.rank == "grade":
            within = judge.safest(climbs, within, criteria.limit)
        listed = scales.listed(climbs, within, router.approach, judge.shuns)
    found = noted_hills(network, listed, Notes(criteria, source))
    hills = tuple(Hill.of(judge.judged(hill)) for hill in found)
    missed = () if hills else near_misses.nearest(network, criteria, router.times_s)
    others = ~np.isin(rows, run.rows if run else ())  # a run may lead on to hills far off
    return Hills(
        place=where,
        criteria=criteria,
        streets=network.source,
        heights=source,
        hills=hills,
        beyond=near_misses.count_beyond(
            climbs.grade[rows[others]], minutes[others], criteria, hills
        ),
        misses=(*(run.misses if run and not hills else ()), *map(misses.sentence, missed)),
        street_m=router.snap.distance_m,
        tour=run.led_by(hills) if run else None,
        sky=sky.words,
        network=network,
        router=router,
    )


def grade(
    given: Given,
    *,
    dem: GivenHeights | None = None,
    elevation: str | None = None,
    web: Web | None = None,
    heights: GivenHeights | None = None,
) -> Grades:
    """Measure the grade of lines that are there already, each as drawn, in the order given.

    Args:
        given: the path of a GPX or GeoJSON file; a ``GeoDataFrame`` or ``GeoSeries``, in any
            coordinate system that it names; a shapely geometry or several, in degrees.
        dem: elevation files, or any ``Heights``. Heights in the lines themselves are not used.
        elevation: the service that gives heights where ``dem`` has none, as for ``near``; ``auto``
            is the best where the first line begins.
        web: how the network is used; ``None`` follows the environment.
        heights: the old name of ``dem``; deprecated.

    Returns:
        A figure for each line, in the order given; ``.frame`` is the table.

    Raises:
        InputError: what was given cannot hold lines.
        LinesError: the lines cannot be read, or there is none.
        HeightsError: the heights cannot be read. A line that they do not cover is no error: its
            figures are NaN.
        ServiceError: a service was needed and could not be reached.

    >>> from shapely import LineString
    >>> from hillfinder.model import HeightSource
    >>> class Ramp:
    ...     "Land that rises 10 m for every 100 m north."
    ...     source = HeightSource("a ramp", "bare earth", cell_m=1.0)
    ...     def __call__(self, lon, lat):
    ...         return 500 + 11_115 * (lat - 46)
    >>> street = LineString([(8, 46), (8, 46.002)])
    >>> up, down = grade([street, street.reverse()], dem=Ramp())
    >>> round(up.length_m), round(up.grade, 3), round(down.grade, 3), round(down.steepest(30), 3)
    (222, 0.1, -0.1, -0.1)
    """
    if given is None or isinstance(given, Mapping | Number | bytes):
        msg = (
            f"{given!r} holds no lines: give the path of a GPX or GeoJSON file, a GeoDataFrame, "
            "or shapely geometries."
        )
        raise InputError(msg)
    dem = renamed_heights(dem, heights)
    read = line_input.read_lines(given)
    web = web or Web.from_environment()
    return measure.measure(read, heights_from(dem, elevation, read.place, web))


def _only_a_catalogue(*others: object) -> None:
    if any(other is not None for other in others):
        msg = "A catalogue has its own streets and heights: give it alone, or these without it."
        raise InputError(msg)


def _radius_m(criteria: Criteria) -> float:
    """Return the radius of the streets read, in metres."""
    reach = criteria.flat_speed_m_s * 60.0 * criteria.warmup_min[1]
    return max(LEAST_RADIUS_M, LOOK_BEYOND * reach) + criteria.length_range_m[1]


def _sought(
    network: StreetNetwork, criteria: Criteria, router: Router, known: CatalogueClimbs | None
) -> tuple[ClimbTable, Ints]:
    """Return the climbs, and the rows that are hills of their own, in order."""
    if known is not None:
        return known, np.arange(len(known))
    if criteria.kind.turns:
        ascents = long_climbs.find_ascents(network, criteria, router.times_s)
        return ascents, np.arange(len(ascents))
    climbs = search.find(network, criteria)
    return climbs, ranking.order(climbs)
