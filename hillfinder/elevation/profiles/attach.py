"""Attach heights to every edge: read, bridged over structures, smoothed.

The steps, in order: samples about every 10 m; heights read at each once; what was read beside a
structure or under a deck set aside; straight lines laid between trusted ground; the whole network
smoothed, each reading weighted by its reliability; every sample given its standard deviation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles import incline_tags, sampling, smoothing, structures, uncertainty
from hillfinder.elevation.profiles.smoothing import Bends, Rises
from hillfinder.model import read_only
from hillfinder.streets.geometry.strokes import continuations
from hillfinder.streets.network import Blur, Profiles
from hillfinder.streets.storage import area_cache
from hillfinder.streets.tags.access import is_banked
from hillfinder.streets.tags.roads import is_trail

if TYPE_CHECKING:
    from hillfinder.elevation.heights import Heights
    from hillfinder.elevation.profiles.sampling import Readings, Samples
    from hillfinder.model import Bools, Floats, HeightSource, Ints
    from hillfinder.services.client import Web
    from hillfinder.streets.network import StreetNetwork

#: Sharpest corner round which a street's slope carries on, degrees.
SHARPEST_BEND_DEG = 60.0
#: Weight of a straight line over a bridge, a guess, relative to a reading.
GUESS_WEIGHT = 0.1
#: Least length of street that a sample counts for, m.
LEAST_STREET_M = 0.1


def attach(network: StreetNetwork, heights: Heights) -> StreetNetwork:
    """Return the network with a profile along every edge.

    Args:
        network: the streets.
        heights: any source of heights; it is called twice.

    Raises:
        HeightsError: the source knows no height on any of these streets, or what it says of
            them is no terrain.
    """
    return uncertainty.with_uncertainty(*fitted(network, heights))


def with_heights(streets: area_cache.Wanted, heights: Heights, web: Web) -> area_cache.Wanted:
    """Want the same area with profiles; they are cached where the heights have a key."""
    key = getattr(heights, "key", None)
    # A file is read in half a second: it is cached with its heights only.
    alone = replace(streets, origin=None) if key and not streets.ages else streets

    def make() -> area_cache.Area:
        area = area_cache.get(alone, web)
        network = attach(area.network, heights)
        lasting = getattr(heights, "key", None) == key
        return replace(area, network=network, heights=heights.source, lasting=lasting)

    origin = f"{streets.origin}, heights of {key}" if streets.origin and key else None
    return replace(streets, origin=origin, make=make)


def fitted(network: StreetNetwork, heights: Heights) -> tuple[StreetNetwork, HeightSource]:
    """Return the network as ``attach`` does, but with ``sigma_m`` still 0, and its model."""
    laid = sampling.place_samples(network)
    readings = sampling.read_heights(laid, heights)
    source = readings.source
    loose = structures.off_the_ground(network, laid, source.cell_m)
    height = sampling.steadied(laid, readings, uncertainty.expected_error_m(source))
    guess = structures.straight_between(laid, height, loose)
    place = _place_m(network, laid, readings, source)
    blur = Blur(uncertainty.error_reach_m(source), smoothing.wavelength_m(source))
    line = _smoothed(
        guess,
        np.maximum(laid.street_m, LEAST_STREET_M) * _trust(laid, loose, place, source),
        _bends(network, laid),
        _mapped_rises(network, laid, guess, source),
        blur.wavelength,
        laid=laid,
    )
    # The mean is over samples that were read.
    seen = ~loose & ~np.isnan(readings.point_m)
    misfit_2 = laid.round_about(np.where(seen, readings.point_m - line, 0.0) ** 2, seen)
    profiles = Profiles(
        offset=read_only(laid.offset),
        distance_m=read_only(laid.distance_m),
        elevation_m=read_only(line[laid.sample]),
        sigma_m=read_only(np.zeros(len(laid.sample))),
        misfit_m=read_only(np.sqrt(np.maximum(misfit_2, 0.0))[laid.sample]),
        place_m=read_only(place[laid.sample]),
        trusted=read_only(seen[laid.sample]),
        blur=blur,
    )
    return network.with_profiles(profiles), source


def unknown(network: StreetNetwork, source: HeightSource) -> StreetNetwork:
    """Return the network with profiles in which every height is unknown."""
    laid = sampling.place_samples(network)
    nothing = read_only(np.full(len(laid.sample), np.nan))
    profiles = Profiles(
        offset=read_only(laid.offset),
        distance_m=read_only(laid.distance_m),
        elevation_m=nothing,
        sigma_m=nothing,
        misfit_m=nothing,
        place_m=read_only(np.zeros(len(laid.sample))),
        trusted=read_only(np.zeros(len(laid.sample), bool)),
        blur=Blur(uncertainty.error_reach_m(source), smoothing.wavelength_m(source)),
    )
    return network.with_profiles(profiles)


def _place_m(
    network: StreetNetwork, laid: Samples, readings: Readings, source: HeightSource
) -> Floats:
    """Return the standard deviation of each sample from how exactly its street is mapped.

    Cells beside a void are bad themselves: their error counts twice.
    """
    said, way = network.ways.said, network.edge_way[laid.edge]
    trail = said.rated(("highway",), is_trail) > 0
    banked = said.rated(("embankment", "cutting"), is_banked) > 0
    off = uncertainty.position_sigma_m(
        trail[way], readings.side_slope, readings.slope, source.cell_m
    )
    banks_m = np.where(banked[way], uncertainty.BANKED_M, 0.0)
    voids = np.where(readings.near_void, uncertainty.expected_error_m(source), 0.0)
    return np.sqrt(laid.of_places(off**2 + banks_m**2 + voids**2))


def _trust(laid: Samples, loose: Bools, place: Floats, source: HeightSource) -> Floats:
    """Return the weight of each sample relative to its neighbours.

    Only the ratio counts: a street all of which is on a hillside is smoothed like any other.
    """
    own = uncertainty.expected_error_m(source) ** 2
    trust = own / (own + place**2)
    return trust / laid.round_about(trust) * np.where(loose, GUESS_WEIGHT, 1.0)


def _mapped_rises(
    network: StreetNetwork, laid: Samples, guess: Floats, source: HeightSource
) -> Rises:
    """Return the rises that tags give, between samples whose heights are known.

    A rise weighs like a reading, in metres of street per independent reading, and more the surer
    it is.
    """
    mapped = incline_tags.rises(network)
    low = laid.sample[laid.offset[mapped.edge]]
    high = laid.sample[laid.offset[mapped.edge + 1] - 1]
    seen = guess[high] - guess[low]
    rise = np.where(mapped.signed, mapped.rise_m, np.copysign(mapped.rise_m, seen))
    weight = (
        uncertainty.error_reach_m(source)
        * (uncertainty.expected_error_m(source) / mapped.sigma_m) ** 2
    )
    good = ~np.isnan(seen) & (low != high) & (mapped.signed | (seen != 0))
    return Rises(low[good], high[good], rise[good], weight[good])


def _smoothed(
    line: Floats, weight: Floats, bends: Bends, rises: Rises, wavelength: float, *, laid: Samples
) -> Floats:
    """Smooth the known part of the line along every street, through the junctions."""
    known = np.flatnonzero(~np.isnan(line))
    number = np.full(len(line), -1)
    number[known] = np.arange(len(known))
    before, at, after = number[bends.before], number[bends.at], number[bends.after]
    whole = (before >= 0) & (at >= 0) & (after >= 0)
    nodes = len(laid.turn)
    result = line.copy()
    result[known] = smoothing.smooth(
        line[known],
        weight[known],
        Bends(before[whole], at[whole], after[whole], bends.back_m[whole], bends.ahead_m[whole]),
        wavelength,
        rises=rises._replace(low=number[rises.low], high=number[rises.high]),
        edge=laid.inner_edge[known[known >= nodes] - nodes],
        turn=laid.turn[known[known < nodes]],
    )
    return result


def _bends(network: StreetNetwork, laid: Samples) -> Bends:
    """Return every three consecutive samples along a street."""
    gap = np.diff(laid.distance_m)
    within = np.ones(len(gap), bool)
    within[laid.offset[1:-1] - 1] = False
    inside = np.flatnonzero(within[:-1] & within[1:])
    partner = continuations(network, np.ones(len(network), bool), SHARPEST_BEND_DEG)
    end = np.flatnonzero(partner > np.arange(len(partner)))
    steps = network.ways.steps[network.edge_way]
    end = end[steps[end >> 1] == steps[partner[end] >> 1]]  # a stair does not bend into the street
    at, before = _end_places(laid, end)
    mate_at, after = _end_places(laid, partner[end])
    return Bends(
        before=laid.sample[np.concatenate([inside, before])],
        at=laid.sample[np.concatenate([inside + 1, at])],
        after=laid.sample[np.concatenate([inside + 2, after])],
        back_m=np.concatenate([gap[inside], _apart(laid, before, at)]),
        ahead_m=np.concatenate([gap[inside + 1], _apart(laid, after, mate_at)]),
    )


def _apart(laid: Samples, one: Ints, other: Ints) -> Floats:
    return np.abs(laid.distance_m[one] - laid.distance_m[other])


def _end_places(laid: Samples, end: Ints) -> tuple[Ints, Ints]:
    """Return the sample place at each edge end, and the one next to it."""
    at_v = (end & 1).astype(bool)
    edge = end >> 1
    at = np.where(at_v, laid.offset[edge + 1] - 1, laid.offset[edge])
    return at, np.where(at_v, at - 1, at + 1)
