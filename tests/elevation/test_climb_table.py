"""Climbs as arrays: one table, whoever found them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hillfinder
from hillfinder.elevation.climb_table import ClimbTable
from hillfinder.elevation.profiles.attach import attach
from hillfinder.model import Leg
from tests.towns import STREET, Formula, town

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What only the table declares; of a single climb these are numbers and not arrays.
COLUMNS = {"gain_m", "grade", "grade_sigma"}
#: The table, and its part that is known before there are climbs.
HOME = {"Feet", "ClimbTable"}


def declared(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield each member of a class with its type, as they are written."""
    for each in body.body:
        if isinstance(each, ast.AnnAssign):
            yield ast.unparse(each.target), ast.unparse(each.annotation)
        elif isinstance(each, ast.FunctionDef) and each.returns is not None:
            yield each.name, ast.unparse(each.returns)


def repeats_the_table(body: ast.ClassDef) -> bool:
    members = set(declared(body))
    names = {name for name, _ in members}
    bases = {ast.unparse(base).split("[")[0] for base in body.bases}
    return (
        ("foot_edge" in names or "foot_offset_m" in names)
        or ("__getitem__", "Climb") in members
        or bool({name for name, kind in members if kind == "Floats"} & COLUMNS)
        or ("Protocol" in bases and "length_m" in names)
    )


def test_no_other_class_declares_what_the_table_does() -> None:
    classes = [
        (path.name, body.name, repeats_the_table(body))
        for path in sorted(Path(hillfinder.__file__).parent.rglob("*.py"))
        for body in ast.walk(ast.parse(path.read_text()))
        if isinstance(body, ast.ClassDef)
    ]
    assert len(classes) > 100
    assert {name for _, name, repeats in classes if repeats} == HOME, classes


def test_a_table_needs_only_the_legs_of_its_climbs() -> None:
    @dataclass(frozen=True, slots=True, eq=False)
    class Streets(ClimbTable):
        def legs_of(self, row: int) -> tuple[Leg, ...]:
            return (Leg(row, 0.0, float(self.length_m[row])),)

    nodes = {1: (0.0, 0.0), 2: (150.0, 0.0), 3: (270.0, 0.0)}
    ways = [(1, [1, 2], {**STREET, "name": "Low"}), (2, [2, 3], {**STREET, "name": "High"})]
    network = attach(town(ways, nodes), Formula(lambda x, _: 0.1 * x))
    every, nothing = np.arange(2), np.zeros(2)
    table = Streets(
        foot_edge=every,
        foot_offset_m=nothing,
        network=network,
        length_m=network.edge_length_m,
        grade=np.array([0.09, 0.1]),
        grade_sigma=np.array([0.001, 0.002]),
    )
    assert len(table) == 2
    np.testing.assert_allclose(table.gain_m, [13.5, 12.0], rtol=0.01)
    low, high = table
    assert (low.name, high.name) == ("Low", "High")
    assert low.grade == pytest.approx(0.09)  # what can be claimed, not what was read
    assert [climb.grade_sigma for climb in table] == [0.001, 0.002]
