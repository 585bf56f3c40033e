"""The tags of many ways: each set held once, and judged once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.streets.tags import access, access_tables
from hillfinder.streets.tags.features import GRAVEST, of_road
from hillfinder.streets.tags.table import READ_TAGS, Tags
from tests.streets.test_access import any_tags, mixed_tags

area_tags = st.dictionaries(
    st.sampled_from(access_tables.AREA_TAGS), st.sampled_from(["no", "range", ""])
)
of_ways = st.lists(st.builds(lambda one, more: {**more, **one}, mixed_tags | any_tags, area_tags))


@given(of_ways)
def test_law_many_ways_are_judged_as_each_alone(ways: list[dict[str, str]]) -> None:
    judged = Tags.gathered(ways).judged()
    for row, tags in enumerate(ways):
        decided = access.decide(tags)
        assert (judged.walk[row], judged.hill[row]) == (decided.walk, decided.hill)
        assert judged.opened[row] == access.foot_allowed(tags)
        assert judged.steps[row] == access.is_steps(tags)
        assert judged.structure[row] == access.is_structure(tags)
        assert judged.deck[row] == access.is_deck(tags)
        assert judged.bars[row] == bool(access.area_bar(tags))
        road = None if decided.walk else of_road(tags)
        assert (*GRAVEST, None)[judged.road[row]] == road


@given(of_ways)
def test_law_tags_come_back_as_they_were(ways: list[dict[str, str]]) -> None:
    tags = Tags.gathered(ways)
    read = [{key: one[key] for key in one if key in READ_TAGS} for one in ways]
    assert [*tags] == read
    assert [*tags.among(np.arange(1, len(ways)))] == read[1:]
    for key in READ_TAGS:
        assert tags.column(key).tolist() == [one.get(key) for one in read]


@given(of_ways, of_ways, st.data())
def test_law_tags_are_joined_and_chosen(
    one: list[dict[str, str]], other: list[dict[str, str]], data: st.DataObject
) -> None:
    whole = Tags.joined([Tags.gathered(one), Tags.gathered(other)])
    assert [*whole] == [*Tags.gathered(one + other)]
    some = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
    rows = np.flatnonzero(np.array(some, bool))
    assert [*whole.among(rows)] == [whole[row] for row in rows.tolist()]
    assert len(whole.among(rows).sets) <= len(rows)
    assert len(whole.among(rows).names) <= len(rows)


def test_a_set_of_tags_is_held_once_whatever_the_names() -> None:
    ways = [{"highway": "path", "name": name} for name in "abc"] + [{"highway": "path"}]
    tags = Tags.gathered(ways)
    assert tags.sets == [{"highway": "path"}]
    assert tags.kind.tolist() == [0, 0, 0, 0]
