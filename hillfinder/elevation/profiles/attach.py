"""Heights along every edge: read, mended where the ground is not under the feet, and smoothed.

The steps, in order: samples about every 10 m; heights read at each once; what was read beside a
structure or under a deck set aside; straight lines laid between trusted ground; the whole network
smoothed, each reading weighted by how far it can be trusted; every sample given its doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles import incline_tags as evidence
from hillfinder.elevation.profiles import sampling as samples
from hillfinder.elevation.profiles import smoothing, structures
from hillfinder.elevation.profiles import uncertainty as doubt
from hillfinder.elevation.profiles.smoothing import Bends, Rises
from hillfinder.model import read_only
from hillfinder.streets.geometry.strokes import continuations
from hillfinder.streets.network import Blur, Profiles
from hillfinder.streets.tags.access import is_banked
from hillfinder.streets.tags.roads import is_trail

if TYPE_CHECKING:
    from hillfinder.elevation.heights import Heights
    from hillfinder.elevation.profiles.sampling import Readings, Samples
    from hillfinder.model import Bools, Floats, HeightSource, Ints
    from hillfinder.streets.network import StreetNetwork

#: Round a sharper corner a street's slope need not carry on: nothing ties the two sides there.
SHARPEST_BEND_DEG = 60.0
#: A straight line over a bridge is a guess: it weighs so much of what a reading does.
GUESS_WEIGHT = 0.1
#: No sample counts for less street than this, in metres.
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
    return doubt.settled(*fitted(network, heights))


def fitted(network: StreetNetwork, heights: Heights) -> tuple[StreetNetwork, HeightSource]:
    """Return what ``attach`` does, but for the doubt, and the model that it comes from.

    Until that is settled ``sigma_m`` is 0.
    """
    laid = samples.lay(network)
    readings = samples.read(laid, heights)
    source = readings.source
    loose = structures.off_the_ground(network, laid, source.cell_m)
    height = samples.steadied(laid, readings, doubt.expected_m(source))
    guess = structures.straight_between(laid, height, loose)
    place = _place_m(network, laid, readings, source)
    blur = Blur(doubt.reach_m(source), smoothing.wavelength_m(source))
    line = _smoothed(
        guess,
        np.maximum(laid.street_m, LEAST_STREET_M) * _trust(laid, loose, place, source),
        _bends(network, laid),
        _mapped_rises(network, laid, guess, source),
        blur.wavelength,
        laid=laid,
    )
    # Where nothing was read nothing was found to fit: the mean is over what was.
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
    """Return the network with profiles that say of no height what it is."""
    laid = samples.lay(network)
    nothing = read_only(np.full(len(laid.sample), np.nan))
    profiles = Profiles(
        offset=read_only(laid.offset),
        distance_m=read_only(laid.distance_m),
        elevation_m=nothing,
        sigma_m=nothing,
        misfit_m=nothing,
        place_m=read_only(np.zeros(len(laid.sample))),
        trusted=read_only(np.zeros(len(laid.sample), bool)),
        blur=Blur(doubt.reach_m(source), smoothing.wavelength_m(source)),
    )
    return network.with_profiles(profiles)


def _place_m(
    network: StreetNetwork, laid: Samples, readings: Readings, source: HeightSource
) -> Floats:
    """Return for every sample the standard deviation that comes of where the line lies.

    Beside a void it lies in cells that are bad themselves: their error counts twice.
    """
    said, way = network.ways.said, network.edge_way[laid.edge]
    trail = said.rated(("highway",), is_trail) > 0
    banked = said.rated(("embankment", "cutting"), is_banked) > 0
    off = doubt.of_place_m(trail[way], readings.side_slope, readings.slope, source.cell_m)
    banks_m = np.where(banked[way], doubt.BANKED_M, 0.0)
    voids = np.where(readings.near_void, doubt.expected_m(source), 0.0)
    return np.sqrt(laid.of_places(off**2 + banks_m**2 + voids**2))


def _trust(laid: Samples, loose: Bools, place: Floats, source: HeightSource) -> Floats:
    """Return how much each sample weighs beside those round about it.

    Only that counts: where all of a street lies on a hillside it is smoothed as any other.
    """
    own = doubt.expected_m(source) ** 2
    trust = own / (own + place**2)
    return trust / laid.round_about(trust) * np.where(loose, GUESS_WEIGHT, 1.0)


def _mapped_rises(
    network: StreetNetwork, laid: Samples, guess: Floats, source: HeightSource
) -> Rises:
    """Return the rises that the map tells of, between samples whose heights are known.

    They weigh as readings do: so many metres of street as one independent reading stands for, the
    more the surer they are.
    """
    mapped = evidence.rises(network)
    low = laid.sample[laid.offset[mapped.edge]]
    high = laid.sample[laid.offset[mapped.edge + 1] - 1]
    seen = guess[high] - guess[low]
    rise = np.where(mapped.signed, mapped.rise_m, np.copysign(mapped.rise_m, seen))
    weight = doubt.reach_m(source) * (doubt.expected_m(source) / mapped.sigma_m) ** 2
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
    """Return every three samples that follow each other along a street."""
    gap = np.diff(laid.distance_m)
    within = np.ones(len(gap), bool)
    within[laid.offset[1:-1] - 1] = False
    inside = np.flatnonzero(within[:-1] & within[1:])
    partner = continuations(network, np.ones(len(network), bool), SHARPEST_BEND_DEG)
    end = np.flatnonzero(partner > np.arange(len(partner)))
    steps = network.ways.steps[network.edge_way]
    end = end[steps[end >> 1] == steps[partner[end] >> 1]]  # a stair begins at once
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
    """Return the place at each end of an edge, and the one next to it."""
    at_v = (end & 1).astype(bool)
    edge = end >> 1
    at = np.where(at_v, laid.offset[edge + 1] - 1, laid.offset[edge])
    return at, np.where(at_v, at - 1, at + 1)
