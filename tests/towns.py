"""Small towns for tests: streets in metres about a point, heights from a formula."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hillfinder.model import HeightSource, StreetSource
from hillfinder.streets.builder import build
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.tags import features as spots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hillfinder.model import Floats
    from hillfinder.streets.network import StreetNetwork

DATA = Path(__file__).parents[2] / "shared" / "data"
LAT, LON = 46.0, 8.0
METRES = 111_195.0
STREET = {"highway": "residential"}

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no real data beside the project ({DATA})"
)


def lonlat(x: Floats | float, y: Floats | float) -> tuple[Floats, Floats]:
    """Return degrees for metres east and north of the town's middle."""
    return (
        LON + np.asarray(x) / (METRES * np.cos(np.radians(LAT))),
        LAT + np.asarray(y) / METRES,
    )


def metres(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return metres for degrees: the inverse of ``lonlat``."""
    return (lon - LON) * METRES * np.cos(np.radians(LAT)), (lat - LAT) * METRES


@dataclass
class Formula:
    """Heights from a formula of metres east and north."""

    height: Callable[[Floats, Floats], Floats]
    cell_m: float = 0.1
    calls: list[int] = field(default_factory=list)

    @property
    def source(self) -> HeightSource:
        return HeightSource("a formula", "bare earth", self.cell_m)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        self.calls.append(len(lon))
        return np.asarray(self.height(*metres(lon, lat)), float)


def town(
    ways: Sequence[tuple[int, Sequence[int], Mapping[str, str]]],
    nodes: Mapping[int, tuple[float, float]],
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
) -> StreetNetwork:
    """Return the network of ways given as id, nodes and tags, with nodes in metres."""
    kinds = {
        node: spots.of_node(*map(tags.get, spots.NODE_KEYS))
        for node, tags in (node_tags or {}).items()
    }
    ids = np.array(sorted(nodes), np.int64)
    x, y = np.array([nodes[node] for node in ids.tolist()], float).T
    lon, lat = lonlat(x, y)
    sequence = [node for _, chain, _ in ways for node in chain]
    return build(
        RawStreets(
            node_id=ids,
            lon=lon,
            lat=lat,
            way_offset=np.concatenate([[0], np.cumsum([len(chain) for _, chain, _ in ways])]),
            way_node=np.searchsorted(ids, np.array(sequence, np.int64)),
            way_ids=[(way_id,) for way_id, _, _ in ways],
            tags=[dict(tags) for _, _, tags in ways],
            source=StreetSource("a town of the tests"),
            node_kind={node: kind for node, kind in kinds.items() if kind is not None},
            nodes_known=True,
        )
    )
