"""Store the ids and tags of many ways, each distinct set of tags once.

Eighty of a hundred ways of a town share all their tags but the name with another. So each set is
stored once, and judged once.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from hillfinder.model import read_only
from hillfinder.streets.tags import access, access_tables
from hillfinder.streets.tags.features import GRAVEST, of_road

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hillfinder.model import Bools, Floats, Ints, Strings

_T = TypeVar("_T")

#: Further keys read of ways that nobody walks on: bridges of every kind, piers, areas.
_OF_OTHERS = {*access_tables.AREA_TAGS, "man_made", "railway", "waterway"}
#: Every tag key that anything reads, sorted.
READ_TAGS: tuple[str, ...] = (*sorted({*access_tables.KEPT_TAGS, *_OF_OTHERS}),)
#: Keys of the sets.
IN_SETS = frozenset(READ_TAGS) - {"name"}
#: Keys that a judgment depends on.
_RULES = IN_SETS.intersection({*access_tables.READ_BY_RULES, *_OF_OTHERS})
#: Values of ``highway`` that Overpass leaves out: not built yet, or no longer there.
_NOT_THERE = "proposed|planned|razed|demolished|dismantled|destroyed|removed|no"
#: Values asked of Overpass beside highways: bridges, whose height a surface model shows on the way
#: below; ways on foot that are no highway; areas that bar hills. One expression covers several
#: keys, as every filter is a request of its own.
_BESIDE = (
    "yes|viaduct|aqueduct|trestle|movable|cantilever|covered|boardwalk|platform|pier|"
    "golf_course|runway|taxiway|apron|aerodrome|heliport|military|quarry|landfill"
)
#: Filters sent to Overpass, the largest last. None is about access: ``access`` decides.
FILTERS = (
    f'[~"^(bridge|railway|man_made|leisure|aeroway|landuse)$"~"^({_BESIDE})$"]',
    f'["highway"]["highway"!~"^({_NOT_THERE})$"]',
)


class Judged(NamedTuple):
    """What follows from the tags of ways: arrays of one shape (w,).

    Attributes:
        walk, hill: as ``access.decide`` says.
        opened: ``foot`` expressly opens it.
        steps: it is stairs, or has steps in it.
        structure: the height of the ground is not the height under the feet.
        deck: a bridge that may pass overhead.
        bars: as an area it has no hills inside.
        road: what its end is to a runner, a number of ``features.GRAVEST``.
    """

    walk: Bools
    hill: Bools
    opened: Bools
    steps: Bools
    structure: Bools
    deck: Bools
    bars: Bools
    road: Ints


class Ids:
    """The OpenStreetMap ids of ways: mostly one each.

    Attributes:
        every: the ids, way after way.
        size: shape (w,), how many each has.
    """

    __slots__ = ("_stop", "every", "size")

    def __init__(self, every: Ints, size: Ints) -> None:
        """Store the ids."""
        self.every, self.size = read_only(every), read_only(size)
        self._stop = np.cumsum(size)

    @classmethod
    def gathered(cls, ids: Iterable[tuple[int, ...]]) -> Ids:
        """Return the ids of ways given one by one."""
        if isinstance(ids, cls):
            return ids
        each = [*ids]
        size = np.fromiter(map(len, each), np.int64, len(each))
        return cls(np.fromiter(chain.from_iterable(each), np.int64), size)

    @classmethod
    def joined(cls, every: Sequence[Ids]) -> Ids:
        """Return the ids of several as of one."""
        sizes = [each.size for each in every]
        return cls(np.concatenate([each.every for each in every]), np.concatenate(sizes))

    def among(self, rows: Ints) -> Ids:
        """Return those of some ways."""
        size, stop = self.size[rows], self._stop[rows]
        each = np.repeat(stop - np.cumsum(size), size)
        return Ids(self.every[each + np.arange(len(each))], size)

    def __len__(self) -> int:
        """Return how many ways there are."""
        return len(self.size)

    def __getitem__(self, row: int) -> tuple[int, ...]:
        """Return the ids of one way."""
        stop = self._stop[row]
        return tuple(self.every[stop - self.size[row] : stop].tolist())

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """Yield the ids of each way."""
        return map(self.__getitem__, range(len(self)))


class Tags:
    """The tags of ways, in their order: those of ``READ_TAGS``.

    Attributes:
        sets: the distinct sets of tags, without names.
        kind: shape (w,), row of ``sets`` of each way.
        names: the distinct names, ``None`` for no name.
        name: shape (w,), row of ``names`` of each way.
    """

    __slots__ = ("_columns", "kind", "name", "names", "sets")

    def __init__(
        self,
        sets: Sequence[Mapping[str, str]],
        kind: Ints,
        names: Sequence[str | None],
        name: Ints,
    ) -> None:
        """Store the tags, without sets and names that no way has."""
        self.sets, self.kind = _used(sets, kind)
        self.names, self.name = _used(names, name)
        self._columns: dict[str, Strings] = {}

    @classmethod
    def gathered(cls, every: Iterable[Mapping[str, str]]) -> Tags:
        """Return the tags of ways given one by one."""
        if isinstance(every, cls):
            return every
        kinds: dict[tuple[tuple[str, str], ...], int] = {}
        names: dict[str | None, int] = {None: 0}
        kind, name = [], []
        for tags in every:
            pairs = tuple([pair for pair in tags.items() if pair[0] in IN_SETS])
            kind.append(kinds.setdefault(pairs, len(kinds)))
            name.append(names.setdefault(tags.get("name"), len(names)))
        sets = [dict(pairs) for pairs in kinds]
        return cls(sets, np.array(kind, np.int64), [*names], np.array(name, np.int64))

    @classmethod
    def joined(cls, every: Sequence[Tags]) -> Tags:
        """Return the tags of several as of one."""
        kinds = np.cumsum([0, *(len(each.sets) for each in every)])
        names = np.cumsum([0, *(len(each.names) for each in every)])
        return cls(
            [one for each in every for one in each.sets],
            np.concatenate([at + each.kind for at, each in zip(kinds, every, strict=False)]),
            [one for each in every for one in each.names],
            np.concatenate([at + each.name for at, each in zip(names, every, strict=False)]),
        )

    def among(self, rows: Ints) -> Tags:
        """Return those of some ways."""
        return Tags(self.sets, self.kind[rows], self.names, self.name[rows])

    def column(self, key: str) -> Strings:
        """Return the values of one tag, shape (w,), ``None`` where unset."""
        column = self._columns.get(key)
        if column is None:
            if key == "name":
                values, row = self.names, self.name
            else:
                values, row = [one.get(key) for one in self.sets], self.kind
            column = self._columns[key] = read_only(np.array([*values, None], object)[row])
        return column

    def rated(self, keys: Sequence[str], rate: Callable[[Mapping[str, str]], float]) -> Floats:
        """Return a number for every way, shape (w,), rating each combination of values once.

        Args:
            keys: the tag keys that ``rate`` reads, without ``name``.
            rate: returns the number for tags.
        """
        known: dict[tuple[str | None, ...], float] = {}
        rates = []
        for one in self.sets:
            row = tuple([one.get(key) for key in keys])
            if row not in known:
                known[row] = rate(one)
            rates.append(known[row])
        return np.array(rates, float)[self.kind]

    def judged(self) -> Judged:
        """Judge them all."""
        named = np.array([bool(name and name.strip()) for name in self.names])
        kinds, kind = np.unique(2 * self.kind + named[self.name], return_inverse=True)
        rules = [tuple([pair for pair in one.items() if pair[0] in _RULES]) for one in self.sets]
        judged = [_judge(rules[each // 2], named=each % 2 == 1) for each in kinds.tolist()]
        *said, road = np.array(judged, np.int64).reshape(-1, len(Judged._fields))[kind].T
        return Judged._make([*(one.astype(bool) for one in said), road])

    def __len__(self) -> int:
        """Return how many ways there are."""
        return len(self.kind)

    def __getitem__(self, row: int) -> Mapping[str, str]:
        """Return the tags of one way."""
        tags = self.sets[self.kind[row]]
        name = self.names[self.name[row]]
        return tags if name is None else {**tags, "name": name}

    def __iter__(self) -> Iterator[Mapping[str, str]]:
        """Yield the tags of each way."""
        return map(self.__getitem__, range(len(self)))


def _used(values: Sequence[_T], which: Ints) -> tuple[list[_T], Ints]:
    """Return the values that some way has, and the row of each way among them."""
    used = np.zeros(len(values), bool)
    used[which] = True
    rows = np.flatnonzero(used).tolist()
    return [values[row] for row in rows], read_only((np.cumsum(used) - 1)[which])


@lru_cache(maxsize=1 << 14)
def _judge(rules: tuple[tuple[str, str], ...], *, named: bool) -> tuple[int, ...]:
    """Return a row of ``Judged``.

    Args:
        rules: the tags that a judgment depends on.
        named: it has a name; which one does not matter.
    """
    tags = {**dict(rules), **({"name": "a name"} if named else {})}
    decided = access.decide(tags)
    road = None if decided.walk else of_road(tags)
    return (
        decided.walk,
        decided.hill,
        access.foot_allowed(tags),
        access.is_steps(tags),
        access.is_structure(tags),
        access.is_deck(tags),
        bool(access.area_bar(tags)),
        len(GRAVEST) if road is None else GRAVEST.index(road),
    )
