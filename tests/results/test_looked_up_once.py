"""What a search has looked up is looked up once: its router, and what lies on each line."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hillfinder import find
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.routing.warmup import Router
from hillfinder.streets.geometry.crossings import Lookout
from tests.towns import STREET, Formula, town


@pytest.mark.parametrize("rank", ["grade", "fit"])
def test_one_router_and_one_look_along_each_line(
    monkeypatch: pytest.MonkeyPatch, rank: str
) -> None:
    routers, looks = [], Counter[object]()
    made, looked = Router.__init__, Lookout._look

    def making(router: Router, *asked: object) -> None:
        routers.append(router)
        made(router, *asked)  # type: ignore[arg-type]

    def looking(lookout: Lookout, legs: object) -> object:
        looks[legs] += 1
        return looked(lookout, legs)  # type: ignore[arg-type]

    monkeypatch.setattr(Router, "__init__", making)
    monkeypatch.setattr(Lookout, "_look", looking)
    land = Formula(lambda x, y: 0.1 * np.clip(x - 1500.0, 0.0, 150.0) + 0.0 * y)
    chain = [(1, (1, 2, 3, 4), STREET)]
    nodes = {1: (0.0, 0.0), 2: (1500.0, 0.0), 3: (1650.0, 0.0), 4: (1900.0, 0.0)}
    asked = Criteria(warmup_min=(0.0, 20.0), rank=rank)  # type: ignore[arg-type]
    hills = find.near((46.0, 8.0), asked, streets=attach(town(chain, nodes), land), dem=land)
    assert len(hills) == 1
    assert [hills.workout(1, repeats=count).repeats for count in (2, 3)] == [2, 3]
    assert hills.router in routers
    assert len(routers) == 1
    assert looks
    assert max(looks.values()) == 1
