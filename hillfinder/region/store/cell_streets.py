"""Build the streets of a cell with their heights once, and join those of cells where needed.

A segment belongs to the cell of its first node, and an edge ends where its way enters another cell,
so the cells together have every street once. The grade line of a cell is solved with the streets
within ``AROUND_M`` of it, of which it keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hillfinder.climbs import search
from hillfinder.elevation.profiles import attach, uncertainty
from hillfinder.errors import HeightsError, StreetsError, TerrainError
from hillfinder.model import HeightSource, read_only
from hillfinder.region.store import cells, checked_files
from hillfinder.region.store.cells import Cell
from hillfinder.streets.builder import build
from hillfinder.streets.network import Blur, Lines
from hillfinder.streets.storage.serialization import pack_network, unpack_network
from hillfinder.streets.subsets import join, take, touching

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork
    from hillfinder.streets.raw import RawStreets

#: Width of the streets around a cell that its heights are solved with, m. A height's influence dies
#: away as exp(-4.4 distance / wavelength): at the longest wavelength, 400 m, a metre moves the
#: border of the cell by a millimetre.
AROUND_M = 600.0
#: Length of too-steep street in a cell from which the elevation model is refused, m: 500 samples. A
#: shorter one may be a cliff, or a spike in the model.
JUDGED_FROM_M = 5000.0
#: Folder of the streets of all cells, in the dataset's.
STREETS = "_streets"


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What the search needs to know of all streets of a cell.

    Attributes:
        heights: their source.
        error_m, usual_m: errors of the model, learned here (``uncertainty.LearnedError``).
        tail: how fast steep stretches grow rare here.
        blur: how errors of two heights correlate.
        street_m: length of all streets, m.
        known_m: length of those with heights, m.
        refused_m: length of those whose heights were no terrain and count as unknown, m.
    """

    heights: HeightSource
    error_m: float
    usual_m: float
    tail: float
    blur: Blur
    street_m: float
    known_m: float
    refused_m: float

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CellFacts:
        """Return the facts that ``asdict`` made into JSON."""
        numbers = ("error_m", "usual_m", "tail", "street_m", "known_m", "refused_m")
        rest = {key: float(values[key]) for key in numbers}
        return cls(heights=HeightSource(**values["heights"]), blur=Blur(*values["blur"]), **rest)


def make_streets(
    cell: Cell, raw: RawStreets, heights: Heights, shortest_m: float
) -> tuple[CellStreets, CellFacts] | None:
    """Return the streets of a cell with heights, and their facts; ``None`` where there are none.

    Args:
        cell: the cell.
        raw: the ways near it.
        heights: the source of heights; where it has none the profiles are unknown.
        shortest_m: length of the shortest climb of the scan.

    Raises:
        HeightsError: the heights cannot be read, or are no terrain.
    """
    lies_in = cells.numbers(raw.lon, raw.lat)
    if not (lies_in == cells.number(cell)).any():
        return None
    try:
        network = build(raw, cell.crs, _borders(raw, lies_in))
    except StreetsError:  # railways, motorways: nothing to walk on
        return None
    network = take(network, touching(network, cell.box(AROUND_M)))
    first = network.edge_u
    own = cells.numbers(network.node_lon[first], network.node_lat[first]) == cells.number(cell)
    if not own.any():
        return None
    network, refused_m = _with_profiles(network, heights)
    nothing = read_only(np.empty(0))
    decks = Lines(read_only(np.zeros(1, np.int64)), nothing, nothing)
    kept = replace(take(network, own), decks=decks)
    profiles = cast("Profiles", kept.profiles)
    learnt = uncertainty.learn_error(kept, heights.source)
    facts = CellFacts(
        heights=heights.source,
        error_m=float(learnt.error_m),
        usual_m=float(learnt.usual_m),
        tail=search.rarity(kept, shortest_m),
        blur=profiles.blur,
        street_m=kept.total_length_m,
        known_m=kept.total_length_m * float((~np.isnan(profiles.elevation_m)).mean()),
        refused_m=refused_m,
    )
    return CellStreets(kept, np.arange(len(kept))), facts


@dataclass(frozen=True, slots=True, eq=False)
class CellStreets:
    """Some or all streets of a cell.

    Attributes:
        network: these streets.
        row: shape (m,), their rows among all edges of the cell.
    """

    network: StreetNetwork
    row: Ints

    def only(self, edges: Bools) -> CellStreets | None:
        """Return some of the edges, ``None`` for none."""
        return CellStreets(take(self.network, edges), self.row[edges]) if edges.any() else None

    def rim(self, cell: Cell, margin_m: float) -> CellStreets | None:
        """Return the streets within ``margin_m`` of the border, which neighbours need."""
        network = self.network
        west, south, east, north = cell.box(-margin_m)
        x = (network.point_lon - west) % 360.0
        inside = (x < east - west) & (network.point_lat > south) & (network.point_lat < north)
        return self.only(~np.logical_and.reduceat(inside, network.point_offset[:-1]))


def streets_path(folder: Path, cell: Cell) -> Path:
    """Return the file of the streets of a cell."""
    return folder / STREETS / cell.name


def write_streets(path: Path, streets: CellStreets | None, facts: Mapping[str, Any]) -> None:
    """Write streets, with facts of their cell as a header.

    Projected coordinates and standard deviations are left out: ``join_cells`` makes them.
    """
    if streets is None:
        checked_files.write_checked(path, b"", {**facts, "edges": 0})
        return
    network = streets.network
    profiles = cast("Profiles", network.profiles)
    names = ("node_x_m", "node_y_m", "point_x_m", "point_y_m")
    left_out: dict[str, Any] = {
        name: np.broadcast_to(0.0, len(getattr(network, name))) for name in names
    }
    no_sigma = replace(profiles, sigma_m=np.broadcast_to(0.0, len(profiles.sigma_m)))
    packed = pack_network(replace(network, **left_out, profiles=no_sigma))
    facts = {**facts, "edges": len(streets.row)}
    checked_files.write_checked(path, packed + streets.row.tobytes(), facts)


def read_streets(path: Path) -> CellStreets | None:
    """Return streets that were written; ``None`` where there are none, or they are damaged."""
    read = checked_files.read_checked(path)
    if read is None or not read[0]["edges"]:
        return None
    facts, data = read
    network = unpack_network(data)
    if network is None:  # of another version
        return None
    return CellStreets(network, np.frombuffer(data, np.int64)[-facts["edges"] :])


@dataclass(frozen=True, slots=True, eq=False)
class JoinedStreets:
    """Streets of several cells as one network.

    Attributes:
        network: the streets, with the uncertainty learned around each.
        known: what was learned, for the search.
        cell: shape (m,), number of the cell of each edge.
        row: shape (m,), its row among the edges of that cell.
    """

    network: StreetNetwork
    known: search.Known
    cell: Ints
    row: Ints


def join_cells(
    streets: Mapping[Cell, CellStreets], facts: Mapping[Cell, CellFacts], crs: str
) -> JoinedStreets:
    """Return the streets of one or more cells as one network.

    Args:
        streets: those of each cell; their order does not matter.
        facts: those of every cell of the region.
        crs: the projection of the network.
    """
    order = cells.sort(streets)
    network = join([streets[cell].network for cell in order], crs)
    size = [len(streets[cell].row) for cell in order]
    number = np.array([cells.number(cell) for cell in order], np.int64)
    blurs = list(dict.fromkeys(facts[cell].blur for cell in order))
    blur = np.repeat([blurs.index(facts[cell].blur) for cell in order], size)
    error_m, usual_m, tail = _interpolated(network, np.repeat(number, size), facts)
    profiles = cast("Profiles", network.profiles)
    count = np.diff(profiles.offset)
    known = uncertainty.LearnedError(np.repeat(error_m, count), np.repeat(usual_m, count))
    sigma = np.empty(len(profiles.sigma_m))
    for row, each in enumerate(blurs):
        here = np.repeat(blur == row, count)
        sigma[here] = uncertainty.with_error(replace(profiles, blur=each), known).sigma_m[here]
    return JoinedStreets(
        network=network.with_profiles(replace(profiles, sigma_m=read_only(sigma))),
        known=search.Known(tail, blur, blurs),
        cell=np.repeat(number, size),
        row=np.concatenate([streets[cell].row for cell in order]),
    )


def _interpolated(
    network: StreetNetwork, number: Ints, facts: Mapping[Cell, CellFacts]
) -> tuple[Floats, Floats, Floats]:
    """Return error, usual misfit and tail at each edge, interpolated between the middles of cells.

    So nothing jumps at a border; but only cells with heights from one kind of model are mixed.
    """
    first = network.edge_u
    x, y = cells.grid_positions(network.node_lon[first], network.node_lat[first])
    west, north = np.floor(x - 0.5).astype(np.int64), np.floor(y - 0.5).astype(np.int64)
    # The cell of an edge with the four middles around it: few combinations occur.
    corner = (north + 1) * cells.AROUND + west % cells.AROUND
    pair = number << 32 | corner
    pairs = np.unique(pair)
    pair = np.searchsorted(pairs, pair)
    total = np.zeros((4, len(network)))
    for dx in (0, 1):
        for dy in (0, 1):
            values = np.zeros((len(pairs), 4))
            for at, one in enumerate(pairs.tolist()):
                row, column = divmod(one & 0xFFFFFFFF, cells.AROUND)
                other = facts.get(Cell((column + dx) % cells.AROUND, row - 1 + dy))
                own = facts.get(cells.of_number(one >> 32))
                if own is not None and other is not None and own.blur == other.blur:
                    values[at] = other.error_m, other.usual_m, other.tail, 1.0
            share = (1 - np.abs(x - 0.5 - west - dx)) * (1 - np.abs(y - 0.5 - north - dy))
            total += share * values[pair].T
    error_m, usual_m, tail = total[:3] / total[3]
    return error_m, usual_m, tail


def _borders(raw: RawStreets, cell: Ints) -> Bools:
    """Return which nodes a way reaches from another cell; ``cell`` is that of each node."""
    inside = np.ones(len(raw.way_node), bool)
    inside[raw.way_offset[1:] - 1] = False
    one = raw.way_node[:-1][inside[:-1]]
    other = raw.way_node[1:][inside[:-1]]
    border = np.zeros(len(raw.node_id), bool)
    border[other[cell[one] != cell[other]]] = True
    return border


def _with_profiles(network: StreetNetwork, heights: Heights) -> tuple[StreetNetwork, float]:
    """Return the network with profiles, and the metres of it whose heights were refused.

    These count as unknown, as where the source has no heights.
    """
    try:
        return attach.fitted(network, heights)[0], 0.0
    except TerrainError as error:
        if error.street_m >= JUDGED_FROM_M:
            raise
        return attach.unknown(network, heights.source), error.street_m
    except HeightsError:
        # Without a height at any node there is no climb. Another fault stays one.
        if np.isnan(heights(network.node_lon, network.node_lat)).all():
            return attach.unknown(network, heights.source), 0.0
        raise
