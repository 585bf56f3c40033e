"""Searches killed at random moments: ``python -m tests.world.killed [50] [KILL | INT]``.

Each first search, from an empty cache, is killed; the next one must find what there is to find,
with what the killed one left behind. An interrupted one must end with 130 and say so.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.world.running import Search, hills
from tests.world.whole import World, made_up


def main(times: str = "50", how: str = "KILL") -> int:
    """Kill so many searches, and print what became of them."""
    number = signal.Signals[f"SIG{how}"]
    chance = random.Random(4)  # noqa: S311 - moments, no secrets
    with TemporaryDirectory() as folder, World(made_up(Path(folder))) as world:
        with TemporaryDirectory() as cache:
            search = Search(world.environment, Path(cache), [world.city.name])
            begun = time.monotonic()
            expected = hills(search.run()[1])
            whole_s = time.monotonic() - begun
        bad, left = 0, 0
        ended: dict[int, int] = {}
        for _ in range(int(times)):
            with TemporaryDirectory() as cache:
                search = Search(world.environment, Path(cache), [world.city.name])
                moment_s = chance.uniform(0, whole_s)
                with search.start() as process:
                    time.sleep(moment_s)
                    process.send_signal(number)
                    out, err = process.communicate(timeout=60)
                left += search.kept.get("part", 0)
                ended[process.returncode] = ended.get(process.returncode, 0) + 1
                told = "Traceback" in err or (
                    process.returncode == 130 and "Interrupted" not in err
                )
                code, out, err_after = search.run()
                if told or code != 0 or hills(out) != expected:
                    bad += 1
                    print(f"After {moment_s:.2f} s: {process.returncode}, then {code}")
                    print(err, err_after)
    codes = ", ".join(f"{count} with {code}" for code, count in sorted(ended.items()))
    print(f"{times} searches of {whole_s:.1f} s, SIG{how} at a random moment: ended {codes};")
    print(f"{left} half-written files were left; {bad} had a wrong end or a wrong next search.")
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
