"""Print what the warm-ups of a real town are like: ``python -m tests.warmups [--doors 200]``.

Doors are drawn anywhere within 60 m of a street, where the heights are known. From each the ten
steepest hills within 20 minutes are asked for, as ``near`` lists them, and the two nearest, since
it is the near ones that need a detour.

Whether a warm-up of 10 to 20 minutes exists at all is established so: the most pleasant way takes
that long, or some way round by any junction in reach does, the junctions tried one and all, with
the same way out and way on as in ``hillfinder.detour``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pyproj import Transformer
from scipy.spatial import cKDTree

from hillfinder.climbs import ranking
from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import PlaceError
from hillfinder.model import Place
from hillfinder.routing.detours import ON_TIME_S, Detour
from hillfinder.routing.edge_costs import ROAD_COSTS, RoadCost
from hillfinder.routing.shortest_paths import Links
from hillfinder.routing.snapping import snap
from hillfinder.routing.travel_time import Clock, columns
from hillfinder.routing.warmup import Router
from hillfinder.streets.sources import osm_file
from hillfinder.streets.tags.roads import class_of
from tests.accuracy.sheet import Sheet
from tests.towns import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hillfinder.model import Bools, Climb, Floats, Leg
    from hillfinder.routing.shortest_paths import Tree
    from hillfinder.streets.network import StreetNetwork

CRITERIA = Criteria()
FARTHEST_M = 60.0
NEAREST = 2
EVERY = 20


class Way(NamedTuple):
    """What one warm-up is like, beside others to the same hill."""

    time_s: float
    aim_s: float
    shape: str
    exists: bool
    on_time: bool
    short: float
    twice: float
    gain_m: float
    plain_gain_m: float
    shortest_gain_m: float
    shares: tuple[float, ...]
    plain_shares: tuple[float, ...]


def town() -> StreetNetwork:
    """Return Portland with its heights."""
    folder = DATA / "portland"
    streets = osm_file.read_extract(folder / "portland-central-filtered.osm.pbf")
    return attach(streets, Raster([folder / "portland-ned.tif"]))


def doors(network: StreetNetwork, count: int) -> Iterator[Place]:
    """Return places within 60 m of a street whose height is known, drawn over the whole area."""
    assert network.profiles is not None
    known = np.logical_and.reduceat(
        ~np.isnan(network.profiles.elevation_m), network.profiles.offset[:-1]
    )
    ends = network.edge_u[known]
    south, north = network.node_lat[ends].min(), network.node_lat[ends].max()
    west, east = network.node_lon[ends].min(), network.node_lon[ends].max()
    rng = np.random.default_rng(2026)
    while count:
        lat, lon = rng.uniform((south, west), (north, east)).tolist()
        try:
            met = snap(network, Place(lat, lon))
        except PlaceError:
            continue
        if met.distance_m <= FARTHEST_M and known[met.position.edge]:
            count -= 1
            yield Place(lat, lon)


def twice(network: StreetNetwork, legs: Sequence[Leg]) -> float:
    """Return the share of a way where it has been before: every metre and a half, within 1 m."""
    track = network.track(legs)
    project = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)
    x, y = project.transform(track.lon, track.lat)
    at = np.arange(0.0, track.distance_m[-1], 1.5)
    points = np.column_stack([np.interp(at, track.distance_m, part) for part in (x, y)])
    pairs = cKDTree(points).query_pairs(1.0, output_type="ndarray")
    again = pairs[np.abs(at[pairs[:, 0]] - at[pairs[:, 1]]) > 6.0].max(axis=1)
    return len(np.unique(again)) / max(len(at), 1)


class City:
    """A town, and of what kind its streets are."""

    def __init__(self, network: StreetNetwork) -> None:
        """Mark the streets."""
        self.network = network
        assert network.profiles is not None
        flat = replace(network.profiles, elevation_m=np.zeros_like(network.profiles.elevation_m))
        no_stairs = replace(network.ways, steps=np.zeros_like(network.ways.steps))
        level = replace(network, profiles=flat, ways=no_stairs)
        #: On level land the quickest way is the shortest.
        self.metres = Links(network, Clock(level, CRITERIA))
        quiet = RoadCost(1.0, 1.0)
        costs = [ROAD_COSTS.get(class_of(kind), quiet) for kind in network.edge_tag("highway")]
        big = [cost.cross_s > 5.0 for cost in costs]
        self.kinds: tuple[Bools, ...] = (
            np.array(big, bool),
            np.array([cost.cross_s > 0.0 for cost in costs], bool),
            np.asarray(network.ways.steps[network.edge_way]),
            np.array([tag == "no" for tag in network.edge_tag("lit")], bool),
            np.array([cost.weight < 1.0 for cost in costs], bool),
        )

    def shares(self, legs: Sequence[Leg]) -> tuple[float, ...]:
        """Return the shares of a way on big roads, on busy ones, on stairs, unlit, on paths."""
        edge, start, stop = columns(legs)
        metres = np.abs(stop - start)
        return tuple(float(metres[kind[edge]].sum() / metres.sum()) for kind in self.kinds)

    def gain_m(self, legs: Sequence[Leg]) -> float:
        """Return the metres climbed on a way; unknown ground counts as level."""
        return float(np.nansum(np.clip(np.diff(self.network.track(legs).elevation_m), 0, None)))

    def way(self, router: Router, climb: Climb, by_metres: Tree) -> Way:
        """Look at one warm-up."""
        route = router.approach(climb)
        direct, penalties = router._way(climb)
        plain = router._links.legs_to(router._quickest, climb.foot)
        search = router._detours(direct, penalties)
        every: list[Detour] = []
        short = 0.0
        least_s, most_s = router._shortest_s, router._longest_s
        if router._clock.legs_s(direct) < least_s:
            best = search.best()
            tried = search.vias[:: EVERY if best else 1]
            every = [*search._in_time(map(search.round, tried.tolist())), *([best] if best else [])]
            short = best.cost_rate - min(every).cost_rate if best else 0.0
        return Way(
            time_s=route.time_s,
            aim_s=search.aim_s,
            shape=route.shape,
            exists=bool(every) or least_s <= router._clock.legs_s(direct) <= most_s,
            on_time=any(abs(each.time_s - search.aim_s) <= ON_TIME_S for each in every),
            short=short,
            twice=twice(self.network, route.legs),
            gain_m=self.gain_m(route.legs),
            plain_gain_m=self.gain_m(plain),
            shortest_gain_m=self.gain_m(self.metres.legs_to(by_metres, climb.foot)),
            shares=self.shares(route.legs),
            plain_shares=self.shares(plain),
        )


def look(network: StreetNetwork, count: int, hills: int) -> tuple[list[Way], int]:
    """Return the warm-ups of doors, and how many doors have no hill in reach."""
    city = City(network)
    found = climbs.find(network, CRITERIA)
    rows = ranking.order(found)
    ways: list[Way] = []
    without = 0
    for door in doors(network, count):
        router = Router(network, door, CRITERIA)
        times_s = router.times_s(found)[rows]
        listed = rows[times_s <= 60.0 * CRITERIA.warmup_min[1]]
        without += not len(listed)
        nearest = rows[np.argsort(times_s, kind="stable")[: min(NEAREST, len(listed))]]
        asked = dict.fromkeys([*listed[:hills].tolist(), *nearest.tolist()])
        by_metres = city.metres.search(router.snap.position, router._free)
        ways += [city.way(router, found[row], by_metres) for row in asked]
    return ways, without


def sheet(ways: list[Way], count: int, without: int) -> Sheet:
    """Return the figures as tables."""
    page = Sheet()
    page.title(
        "Warm-ups in Portland",
        f"{count} doors, of which {without} have no hill within 20 minutes; {len(ways)} warm-ups.",
    )
    exist = [way for way in ways if way.exists]
    good = [way for way in exist if 600 <= way.time_s <= 1200]
    tours = [way for way in ways if way.shape == "detour"]
    page.table(
        ("warm-ups of 10 to 20 minutes", "share"),
        [
            ["exist, of all", f"{len(exist)} / {len(ways)}"],
            ["are found, of those", f"{len(good)} / {len(exist)}"],
            ["longer than 20 minutes", f"{sum(way.time_s > 1200.001 for way in ways)}"],
            ["detours, of those found", f"{len(tours)} / {len(good)}"],
            ["a detour within a minute of its time exists", f"{sum(w.on_time for w in tours)}"],
            [
                "and is taken",
                f"{sum(abs(w.time_s - w.aim_s) <= 60 for w in tours if w.on_time)}",
            ],
        ],
    )
    quantiles = (0.5, 0.9, 0.99, 1.0)
    figures: list[tuple[str, Floats]] = [
        ("seconds off the time aimed at", np.array([abs(w.time_s - w.aim_s) for w in tours])),
        ("share run twice, detours", np.array([w.twice for w in tours])),
        ("share run twice, all", np.array([w.twice for w in ways])),
        ("falls short of the best by any street", np.array([w.short for w in tours])),
    ]
    page.table(
        ("figure", "median", "90 %", "99 %", "worst"),
        [[what, *(f"{q:.3f}" for q in np.quantile(each, quantiles))] for what, each in figures],
    )
    direct = [way for way in ways if way.shape == "direct"]
    rows = []
    for what, group in (("direct", direct), ("detours", tours)):
        shares = np.array([way.shares for way in group]).mean(axis=0)
        plain = np.array([way.plain_shares for way in group]).mean(axis=0)
        minutes = float(np.mean([way.time_s for way in group])) / 60.0
        gains = [(way.gain_m, way.plain_gain_m, way.shortest_gain_m) for way in group]
        climbed = np.array(gains).mean(axis=0)
        rows.append(
            [what, f"{minutes:.1f}", " / ".join(f"{each:.0f}" for each in climbed.tolist())]
            + [f"{100 * a:.1f} / {100 * b:.1f}" for a, b in zip(shares, plain, strict=True)]
        )
    names = ("big roads %", "busy roads %", "stairs %", "unlit %", "paths %")
    page.table(("ways, beside the quickest", "minutes", "climb m, shortest third", *names), rows)
    return page


def main() -> int:
    """Print the sheet."""
    parser = argparse.ArgumentParser(prog="python -m tests.warmups", description=__doc__)
    parser.add_argument("--doors", type=int, default=200)
    parser.add_argument("--hills", type=int, default=10)
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.stderr.write(f"There is no real data beside the project ({DATA}).\n")
        return 1
    ways, without = look(town(), options.doors, options.hills)
    sys.stdout.write(sheet(ways, options.doors, without).text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
