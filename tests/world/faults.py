"""What comes of each fault of each service: ``python -m tests.world.faults``.

Each fault meets a search from an empty cache, which sees it at every question of that kind, and
then, the fault gone, a second search with what the first one kept. A line says how the first ended,
after how long, what it kept, and whether the second found what there is to find; then what the
person saw. Sources of heights that are not the first choice in the made-up town are asked for by
their names, and 3DEP has Portland only. Services are given 5 s of silence, not 60; all else is as
it ships.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.world.files import wrong_blocks, wrong_part
from tests.world.overpass import remark
from tests.world.running import Search, hills
from tests.world.service import FAULTS
from tests.world.terrarium import black, black_webp, blank, wrong_tile
from tests.world.whole import PORTLAND, City, World, made_up, portland

if TYPE_CHECKING:
    from tests.world.service import Fault

SILENCE_S = 5.0
#: No question takes longer with all its tries and waits (``Web.patience_s``), and a search has two
#: for Overpass, one for a name, and its tiles four at a time.
LIMIT_S = 300.0
#: By what ``--elevation`` calls a service.
NAMED = {"usgs": "3dep", "copernicus": "copernicus", "mapterhorn": "mapterhorn"}
OF_ONE: dict[str, dict[str, Fault]] = {
    "overpass": {"remark": remark('runtime error: Query timed out in "query" at line 1')},
    "terrarium": {"black tile": black, "blank tile": blank, "wrong tile": wrong_tile},
    "mapterhorn": {"black tile": black_webp, "wrong picture": black, "wrong tile": wrong_tile},
    "usgs": {"wrong blocks": wrong_blocks, "wrong part": wrong_part},
    "copernicus": {"wrong blocks": wrong_blocks, "wrong part": wrong_part},
}


@dataclass(frozen=True)
class Case:
    """A fault, and the services that have it."""

    services: tuple[str, ...]
    name: str
    fault: Fault | None

    @property
    def title(self) -> str:
        """What it is called in the table."""
        return f"{' and '.join(self.services)}: {self.name}"

    @property
    def elevation(self) -> tuple[str, ...]:
        """How its source of heights is asked for, where that is not done by itself."""
        name = NAMED.get(self.services[0])
        return ("--elevation", name) if name else ()


@dataclass(frozen=True)
class Outcome:
    """What came of a fault."""

    case: Case
    code: int
    seconds: float
    said: str
    kept: dict[str, int]
    right: bool
    afterwards: bool

    @property
    def good(self) -> bool:
        """No wrong hill, no traceback, no hang, no poisoned cache."""
        ended = self.code in {0, 1, 4} and self.seconds < LIMIT_S
        return ended and self.right and self.afterwards and "Traceback" not in self.said

    def __str__(self) -> str:
        """Return its lines of the table."""
        kept = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kept.items()))
        head = (
            f"{'ok ' if self.good else 'BAD'} {self.case.title:<36} exit {self.code}, "
            f"{self.seconds:5.1f} s, kept: {kept or 'nothing'}; "
            f"afterwards {'right' if self.afterwards else 'WRONG'}"
        )
        return "\n".join([head, *(f"      | {line}" for line in self.said.splitlines())])


def cases() -> list[Case]:
    """Return every fault of every service: of both servers of Overpass, and of the first alone."""
    found = []
    alone = ("overpass", "nominatim", "terrarium", "mapterhorn", "copernicus", "usgs")
    for services in (("overpass", "mirror"), *((name,) for name in alone)):
        named = {**FAULTS, **OF_ONE.get(services[0], {})}
        found += [Case(services, name, fault) for name, fault in named.items()]
        found.append(Case(services, "refuse", None))
    return found


def meet(case: Case, city: City, expected: object) -> Outcome:
    """Search in a world that has the fault, and once more when it is gone."""
    with TemporaryDirectory() as folder, World(city) as world:
        broken = world.environment | {"HILLFINDER_TIMEOUT_S": f"{SILENCE_S:g}"}
        for name in case.services:
            service = world.services[name]
            service.always = case.fault
            if case.fault is None:  # nobody listens at port 1
                port = service.url.rpartition(":")[2]
                for key, value in broken.items():
                    broken[key] = value.replace(f":{port}", ":1")
        if case.elevation:
            world.lay_out()
        words = [city.name if case.services == ("nominatim",) else world.place, *case.elevation]
        search = Search(broken, Path(folder), words)
        begun = time.monotonic()
        code, out, err = search.run()
        seconds = time.monotonic() - begun
        kept = search.kept
        for service in world.services.values():
            service.always = None
        again = Search(world.environment, Path(folder), words).run()
        return Outcome(
            case=case,
            code=code,
            seconds=seconds,
            said=err.strip(),
            kept=kept,
            right=hills(out) == expected if code == 0 else not out,
            afterwards=again[0] == 0 and hills(again[1]) == expected,
        )


def unspoilt(city: City, elevation: tuple[str, ...]) -> object:
    """Return the hills that are found where nothing fails."""
    with World(city).lay_out() as world, TemporaryDirectory() as cache:
        code, out, err = Search(world.environment, Path(cache), [world.place, *elevation]).run()
    if code:
        raise RuntimeError(err)
    return hills(out)


def main(only: str = "") -> int:
    """Print the table, of all cases or of those whose title holds ``only``."""
    chosen = [case for case in cases() if only in case.title]
    if not PORTLAND.is_dir():
        chosen = [case for case in chosen if case.services != ("usgs",)]
    bad = 0
    with TemporaryDirectory() as folder:
        town = made_up(Path(folder))

        def city(case: Case) -> City:
            return portland() if case.services == ("usgs",) else town

        expected = {}
        for case in chosen:
            if case.elevation not in expected:
                expected[case.elevation] = unspoilt(city(case), case.elevation)
        with ThreadPoolExecutor(2) as pool:  # more, and the servers here are the slow ones
            met = pool.map(lambda case: meet(case, city(case), expected[case.elevation]), chosen)
            for outcome in met:
                print(outcome, flush=True)
                bad += not outcome.good
    print(f"\n{len(chosen)} faults, {bad} of them with a wrong end.")
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
