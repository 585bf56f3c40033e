"""Where streets and heights come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HeightKind = Literal["bare earth", "surface", "unknown"]


@dataclass(frozen=True, slots=True)
class StreetSource:
    """Where the streets come from; ``date`` is ISO 8601, ``None`` where the file has none."""

    name: str
    date: str | None = None
    attribution: str = "(c) OpenStreetMap contributors, https://www.openstreetmap.org/copyright"


@dataclass(frozen=True, slots=True)
class HeightSource:
    """Where the heights come from; ``cell_m`` is the spacing of its cells at the place."""

    name: str
    kind: HeightKind
    cell_m: float
    attribution: str | None = None
