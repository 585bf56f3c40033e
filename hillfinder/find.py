"""The recipe: the one place where the rooms meet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.climbs import long_climbs as ascents
from hillfinder.climbs import naming, near_misses, ranking
from hillfinder.climbs import search as climbing
from hillfinder.climbs.notes import Notes
from hillfinder.criteria import criteria_of
from hillfinder.elevation.heights import renamed_heights
from hillfinder.elevation.profiles import uncertainty
from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import InputError
from hillfinder.model import Beyond, HeightSource, Place
from hillfinder.output.text import misses
from hillfinder.results.grading import line_input, measure
from hillfinder.results.hill import Hill
from hillfinder.results.hills import Hills
from hillfinder.routing.warmup import Router
from hillfinder.services.client import Web
from hillfinder.services.geocoding import locate
from hillfinder.streets.geometry.crossings import Lookout
from hillfinder.streets.network import StreetNetwork
from hillfinder.streets.storage import area_cache as store
from hillfinder.training import rolling_run, safety, suitability

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias, Unpack

    import networkx as nx

    from hillfinder.criteria import Criteria, CriteriaFields
    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Floats, Ints
    from hillfinder.region.nearby import CatalogueClimbs
    from hillfinder.results.grading.grades import Grades
    from hillfinder.results.grading.line_input import Given

    Streets: TypeAlias = Path | str | nx.MultiDiGraph | StreetNetwork
    Elevation: TypeAlias = Heights | Path | str | Sequence[Path | str]

#: Streets are looked at so much farther out than the warm-up reaches, to say what lies beyond it.
LOOK_BEYOND = 1.5
#: However short the warm-up: a smaller piece of town has cut-off streets in it.
LEAST_RADIUS_M = 1500.0


def near(
    place: Place | str | tuple[float, float],
    criteria: Criteria | None = None,
    *,
    streets: Streets | None = None,
    dem: Elevation | None = None,
    elevation: str | None = None,
    catalogue: Path | str | None = None,
    weights: suitability.Weights | None = None,
    web: Web | None = None,
    osm: Streets | None = None,
    heights: Elevation | None = None,
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
        wanted = _streets(streets, where, _radius_m(criteria), web)
        area = store.get(_with_heights(wanted, _heights(dem, elevation, where, web), web), web)
        source = area.heights
        network = uncertainty.with_uncertainty(
            store.cut_to_box(area.network, wanted.bounds), source
        )
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
    found = _hills(network, listed, Notes(criteria, source))
    hills = tuple(Hill.of(judge.judged(hill)) for hill in found)
    others = ~np.isin(rows, run.rows if run else ())  # a run may lead on to hills far off
    return Hills(
        place=where,
        criteria=criteria,
        streets=network.source,
        heights=source,
        hills=hills,
        beyond=_beyond(climbs.grade[rows[others]], minutes[others], criteria, hills),
        misses=() if hills else _misses(network, criteria, router, run),
        street_m=router.snap.distance_m,
        tour=run.led_by(hills) if run else None,
        sky=sky.words,
        network=network,
        router=router,
    )


def grade(
    given: Given,
    *,
    dem: Elevation | None = None,
    elevation: str | None = None,
    web: Web | None = None,
    heights: Elevation | None = None,
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
    return measure.measure(read, _heights(dem, elevation, read.place, web))


def _only_a_catalogue(*others: object) -> None:
    if any(other is not None for other in others):
        msg = "A catalogue has its own streets and heights: give it alone, or these without it."
        raise InputError(msg)


def _radius_m(criteria: Criteria) -> float:
    """Return how far out streets are looked at, in metres."""
    reach = criteria.flat_speed_m_s * 60.0 * criteria.warmup_min[1]
    return max(LEAST_RADIUS_M, LOOK_BEYOND * reach) + criteria.length_range_m[1]


def _streets(given: Streets | None, place: Place, radius_m: float, web: Web) -> store.Wanted:
    if given is None:
        return store.from_overpass(place, radius_m, web)
    if isinstance(given, Path | str):
        return store.from_file(Path(given), place, radius_m)
    if not isinstance(given, StreetNetwork):
        import networkx as nx

        from hillfinder.streets.sources import osmnx_graph

        if not isinstance(given, nx.Graph):
            msg = (
                f"{given!r} are no streets: give the path of an OpenStreetMap file or of a saved "
                "OSMnx graph, such a graph, or a StreetNetwork."
            )
            raise InputError(msg)

        given = osmnx_graph.from_networkx(given)
    area = store.Area(given, None, time.time())
    return store.Wanted(None, None, lambda: area)


def _with_heights(streets: store.Wanted, heights: Heights, web: Web) -> store.Wanted:
    """Want the same area with profiles, which are kept where the heights have a key."""
    key = getattr(heights, "key", None)
    # A file is read in half a second: what is kept of it is kept with its heights, once.
    alone = replace(streets, origin=None) if key and not streets.ages else streets

    def make() -> store.Area:
        area = store.get(alone, web)
        network = attach(area.network, heights)
        lasting = getattr(heights, "key", None) == key
        return replace(area, network=network, heights=heights.source, lasting=lasting)

    origin = f"{streets.origin}, heights of {key}" if streets.origin and key else None
    return replace(streets, origin=origin, make=make)


def _heights(given: Elevation | None, elevation: str | None, place: Place, web: Web) -> Heights:
    from hillfinder.elevation.sources.fallback import Chain

    sources: list[Heights] = []
    if callable(given):
        if not isinstance(getattr(given, "source", None), HeightSource):
            msg = (
                f"{given!r} does not say what its heights are: give it an attribute source, "
                'such as HeightSource("my model", "bare earth", cell_m=10.0).'
            )
            raise InputError(msg)
        sources.append(given)
    elif given is not None:
        from hillfinder.elevation.sources.raster_file.raster import Raster

        if isinstance(given, Mapping | bytes) or not isinstance(given, Path | str | Iterable):
            msg = f"{given!r} is no elevation model: give the path of a file, several, or Heights."
            raise InputError(msg)
        sources.append(Raster([given] if isinstance(given, Path | str) else given))
    if elevation is not None or not sources:
        from hillfinder.elevation.sources.registry import AUTO
        from hillfinder.elevation.sources.selection import choose

        sources += choose(elevation or AUTO, place, web)
    return Chain(sources)


def _hills(
    network: StreetNetwork, listed: Iterable[suitability.Weighed], notes: Notes
) -> tuple[Hill, ...]:
    names = naming.Names(network)
    hills = []
    for rank, (climb, approach, suits) in enumerate(listed, start=1):
        hill = Hill(rank, names.label(climb), climb, approach, fit=suits)
        hills.append(replace(hill, notes=notes.of(hill)))
    return tuple(hills)


def _sought(
    network: StreetNetwork, criteria: Criteria, router: Router, known: CatalogueClimbs | None
) -> tuple[climbing.Climbs | ascents.Ascents | CatalogueClimbs, Ints]:
    """Return what is sought, as arrays, and which rows are hills of their own, in order."""
    if known is not None:
        return known, np.arange(len(known))
    if criteria.kind.turns:
        found = ascents.find(network, criteria, router.times_s)
        return found, np.arange(len(found))
    climbs = climbing.find(network, criteria)
    return climbs, ranking.order(climbs)


def _misses(
    network: StreetNetwork, criteria: Criteria, router: Router, run: rolling_run.Tour | None
) -> tuple[str, ...]:
    """Return why there is no run, if one was asked for, and what came nearest to a hill."""
    search = partial(ascents.by_grade, network) if criteria.kind.turns else None
    nearest = near_misses.nearest(network, criteria, router.times_s, search)
    return (*(run.misses if run else ()), *map(misses.sentence, nearest))


def _beyond(grades: Floats, minutes: Floats, criteria: Criteria, hills: tuple[Hill, ...]) -> Beyond:
    """Count what was found and not offered."""
    reached = np.isfinite(minutes)
    far = reached & (minutes > criteria.warmup_min[1])
    flattest = min((hill.grade for hill in hills), default=0.0)
    return Beyond(
        steeper=int((far & (grades > flattest)).sum()),
        too_far=int(far.sum()),
        nearest_min=float(minutes[far].min()) if far.any() else None,
        unreachable=int((~reached).sum()),
    )
