"""Ways as a source of streets hands them over, before anything is decided about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hillfinder.model import Floats, Ints, MarkKind, StreetSource


@dataclass(frozen=True, slots=True, eq=False)
class RawStreets:
    """Ways as a source gives them, before any of them is judged.

    Attributes:
        node_id: shape (n,), OpenStreetMap ids, growing, each once.
        lon, lat: shape (n,), degrees.
        way_offset: shape (w + 1,); way ``i`` is ``way_node[way_offset[i]:way_offset[i + 1]]``.
        way_node: rows of the node arrays.
        way_ids: for each way its OpenStreetMap id, or several where OSMnx merged edges.
        tags: for each way its tags, maybe as ``Tags``.
        source: where the ways come from.
        node_kind: what a tagged node is, by its id (``features.of_node``).
        nodes_known: the source has the tags of all nodes.
    """

    node_id: Ints
    lon: Floats
    lat: Floats
    way_offset: Ints
    way_node: Ints
    way_ids: Iterable[tuple[int, ...]]
    tags: Iterable[Mapping[str, str]]
    source: StreetSource
    node_kind: Mapping[int, MarkKind] = field(default_factory=dict)
    nodes_known: bool = False
