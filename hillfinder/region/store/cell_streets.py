"""The streets of a cell with their heights, made once, and joined again wherever they are needed.

Every segment of every way belongs to the cell in which its first node lies, and an edge ends where
its way comes into another cell. So the streets of a region are shared out whole and once, by what
is in the extract alone. Around a cell more streets are looked at than it keeps: the grade line is
one solve, in which what lies ``AROUND_M`` away does not count any more.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hillfinder.climbs import search as climbs
from hillfinder.elevation.profiles import attach as profile
from hillfinder.elevation.profiles import uncertainty
from hillfinder.errors import HeightsError, StreetsError, TerrainError
from hillfinder.model import HeightSource, read_only
from hillfinder.region.store import cells
from hillfinder.region.store.cells import Cell
from hillfinder.streets.builder import build
from hillfinder.streets.network import Blur, Lines
from hillfinder.streets.subsets import join, take, touching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork
    from hillfinder.streets.raw import RawStreets

#: The influence of a height dies away as exp(-4.4 distance / wavelength) along a street, and the
#: longest wavelength is 400 m: so far away a metre counts for a millimetre, and for nothing at the
#: 70 m of a model of 10 m cells.
AROUND_M = 600.0
#: Where most of so much street in a cell is too steep to be, the fault is taken to be the model's:
#: 500 samples of nothing but climbers' paths. Of less it may be a cliff, or a spike in the model.
JUDGED_FROM_M = 5000.0


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the streets of a cell, beside them.

    Attributes:
        heights: what they were read from.
        error_m, usual_m: what the streets showed of its errors (``uncertainty.LearnedError``).
        tail: how fast steep stretches grow rare here.
        blur: how alike the errors of two heights are.
        street_m: the length of all streets kept.
        known_m: the length of those with heights.
        refused_m: the length of streets whose heights were no terrain and count as unknown.
    """

    heights: HeightSource
    error_m: float
    usual_m: float
    tail: float
    blur: Blur
    street_m: float
    known_m: float
    refused_m: float

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> About:
        """Return what ``as_json`` gave."""
        numbers = ("error_m", "usual_m", "tail", "street_m", "known_m", "refused_m")
        rest = {key: float(said[key]) for key in numbers}
        return cls(heights=HeightSource(**said["heights"]), blur=Blur(*said["blur"]), **rest)


def make(
    cell: Cell, raw: RawStreets, heights: Heights, shortest_m: float
) -> tuple[StreetNetwork, About] | None:
    """Return the streets that belong to a cell, with heights; ``None`` where there are none.

    Args:
        cell: the cell.
        raw: the ways that come near it.
        heights: the source of heights; where it knows none the profiles say so.
        shortest_m: the shortest climb looked for.

    Raises:
        HeightsError: the heights cannot be read, or are no terrain.
    """
    lies_in = cells.numbers(raw.lon, raw.lat)
    if not (lies_in == cells.number(cell)).any():
        return None
    try:
        network = build(raw, cell.crs, _borders(raw, lies_in))
    except StreetsError:  # a railway, a motorway: nothing for feet
        return None
    network = take(network, touching(network, cell.box(AROUND_M)))
    first = network.edge_u
    own = cells.numbers(network.node_lon[first], network.node_lat[first]) == cells.number(cell)
    if not own.any():
        return None
    network, refused_m = _with_heights(network, heights)
    nothing = read_only(np.empty(0))
    decks = Lines(read_only(np.zeros(1, np.int64)), nothing, nothing)
    kept = replace(take(network, own), decks=decks)
    profiles = cast("Profiles", kept.profiles)
    learnt = uncertainty.learn_error(kept, heights.source)
    about = About(
        heights=heights.source,
        error_m=float(learnt.error_m),
        usual_m=float(learnt.usual_m),
        tail=climbs.rarity(kept, shortest_m),
        blur=profiles.blur,
        street_m=kept.total_length_m,
        known_m=kept.total_length_m * float((~np.isnan(profiles.elevation_m)).mean()),
        refused_m=refused_m,
    )
    return kept, about


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some of the streets of a cell.

    Attributes:
        network: these streets.
        row: shape (m,), which edges of all that the cell keeps they are.
    """

    network: StreetNetwork
    row: Ints

    @classmethod
    def whole(cls, network: StreetNetwork) -> Piece:
        """Return all streets of a cell as a piece."""
        return cls(network, np.arange(len(network)))

    def only(self, edges: Bools) -> Piece | None:
        """Return some of the edges, ``None`` where these are none."""
        return Piece(take(self.network, edges), self.row[edges]) if edges.any() else None

    def rim(self, cell: Cell, margin_m: float) -> Piece | None:
        """Return what neighbours of the cell need of it: what comes so near to its border."""
        network = self.network
        west, south, east, north = cell.box(-margin_m)
        x = (network.point_lon - west) % 360.0
        inside = (x < east - west) & (network.point_lat > south) & (network.point_lat < north)
        return self.only(~np.logical_and.reduceat(inside, network.point_offset[:-1]))


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Streets of several cells as one network.

    Attributes:
        network: the streets, with the doubt that was learnt round about each.
        known: what was learnt, for the search.
        cell: shape (m,), the number of the cell that each edge belongs to.
        row: shape (m,), which of its cell's edges it is.
    """

    network: StreetNetwork
    known: climbs.Known
    cell: Ints
    row: Ints


def joined(pieces: Mapping[Cell, Piece], learnt: Mapping[Cell, About], crs: str) -> Joined:
    """Return the streets of cells as one network, in an order that does not depend on which.

    Args:
        pieces: the streets, one or more.
        learnt: what is known of every cell of the region.
        crs: the projection wanted.
    """
    order = cells.sort(pieces)
    network = join([pieces[cell].network for cell in order], crs)
    size = [len(pieces[cell].row) for cell in order]
    number = np.array([cells.number(cell) for cell in order], np.int64)
    blurs = list(dict.fromkeys(learnt[cell].blur for cell in order))
    blur = np.repeat([blurs.index(learnt[cell].blur) for cell in order], size)
    error_m, usual_m, tail = _round_about(network, np.repeat(number, size), learnt)
    profiles = cast("Profiles", network.profiles)
    count = np.diff(profiles.offset)
    known = uncertainty.LearnedError(np.repeat(error_m, count), np.repeat(usual_m, count))
    sigma = np.empty(len(profiles.sigma_m))
    for row, each in enumerate(blurs):
        here = np.repeat(blur == row, count)
        sigma[here] = uncertainty.with_error(replace(profiles, blur=each), known).sigma_m[here]
    return Joined(
        network=network.with_profiles(replace(profiles, sigma_m=read_only(sigma))),
        known=climbs.Known(tail, blur, blurs),
        cell=np.repeat(number, size),
        row=np.concatenate([pieces[cell].row for cell in order]),
    )


def _round_about(
    network: StreetNetwork, number: Ints, learnt: Mapping[Cell, About]
) -> tuple[Floats, Floats, Floats]:
    """Return what was learnt round about each edge: error, usual misfit, tail.

    Between the middles of cells it goes over from one to the next, so that nothing leaps where two
    cells meet; but only among those that have their heights from models of one kind.
    """
    first = network.edge_u
    x, y = cells.positions(network.node_lon[first], network.node_lat[first])
    west, north = np.floor(x - 0.5).astype(np.int64), np.floor(y - 0.5).astype(np.int64)
    # The cell of an edge, and where the four middles round about lie: few are met together.
    corner = (north + 1) * cells.AROUND + west % cells.AROUND
    pair = number << 32 | corner
    pairs = np.unique(pair)
    pair = np.searchsorted(pairs, pair)
    total = np.zeros((4, len(network)))
    for dx in (0, 1):
        for dy in (0, 1):
            said = np.zeros((len(pairs), 4))
            for at, one in enumerate(pairs.tolist()):
                row, column = divmod(one & 0xFFFFFFFF, cells.AROUND)
                other = learnt.get(Cell((column + dx) % cells.AROUND, row - 1 + dy))
                own = learnt.get(cells.of_number(one >> 32))
                if own is not None and other is not None and own.blur == other.blur:
                    said[at] = other.error_m, other.usual_m, other.tail, 1.0
            share = (1 - np.abs(x - 0.5 - west - dx)) * (1 - np.abs(y - 0.5 - north - dy))
            total += share * said[pair].T
    error_m, usual_m, tail = total[:3] / total[3]
    return error_m, usual_m, tail


def _borders(raw: RawStreets, cell: Ints) -> Bools:
    """Return which nodes a way reaches from another cell, of the cells that the nodes lie in."""
    inside = np.ones(len(raw.way_node), bool)
    inside[raw.way_offset[1:] - 1] = False
    one = raw.way_node[:-1][inside[:-1]]
    other = raw.way_node[1:][inside[:-1]]
    border = np.zeros(len(raw.node_id), bool)
    border[other[cell[one] != cell[other]]] = True
    return border


def _with_heights(network: StreetNetwork, heights: Heights) -> tuple[StreetNetwork, float]:
    """Return the network with profiles, and how many metres of it were refused.

    Their heights are unknown, as those of streets of which the source knows none.
    """
    try:
        return profile.fitted(network, heights)[0], 0.0
    except TerrainError as error:
        if error.street_m >= JUDGED_FROM_M:
            raise
        return profile.unknown(network, heights.source), error.street_m
    except HeightsError:
        # Where no end is known no climb is. Whatever else was wrong is wrong still.
        if np.isnan(heights(network.node_lon, network.node_lat)).all():
            return profile.unknown(network, heights.source), 0.0
        raise
