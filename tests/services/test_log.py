"""What ``-v`` shows: what was asked, cached and skipped, and never where the user is."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import hillfinder as hf
from tests.world.service import status
from tests.world.whole import World

if TYPE_CHECKING:
    from pathlib import Path

DOOR = "46.00123,70.00087"
SECRET = "s3cret"  # noqa: S105 - of a server on loopback


def run(world: World, cache: Path, *words: str) -> tuple[str, list[str]]:
    """Run a command; return its stdout and the lines of its stderr."""
    address = world.environment["HILLFINDER_TERRARIUM_URL"]
    done = subprocess.run(
        [sys.executable, "-m", "hillfinder", *words],
        env=os.environ
        | world.environment
        | {
            "HILLFINDER_CACHE_DIR": str(cache),
            "HILLFINDER_TERRARIUM_URL": address.replace("http://", f"http://me:{SECRET}@"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr.splitlines()


def is_logged(line: str) -> bool:
    return re.match(r"(services|streets|elevation)\.[\w.]+: ", line) is not None


@pytest.mark.slow
def test_a_search_says_what_it_does_and_not_where(tmp_path: Path) -> None:
    with World() as world:
        world.terrarium.faults.append(status(500))
        words = ("near", DOOR, "--elevation", "terrarium", "--at", "2026-06-21 10:00")
        quiet, said = run(world, tmp_path / "quiet", *words)
        world.terrarium.faults.append(status(500))
        out, first = run(world, tmp_path / "loud", *words, "-v")
        again = run(world, tmp_path / "loud", *words, "-v")[1]
        by_name = run(world, tmp_path / "loud", "near", world.city.name, *words[2:], "--verbose")[1]
        checked = run(world, tmp_path / "loud", "check", "-v")[1]
    assert out == quiet
    assert not [line for line in said if is_logged(line)]
    assert [line for line in first if not is_logged(line)] == said

    logged = "\n".join(first)
    assert re.search(r"client: Overpass \(127[.\d]+:\d+\): \d+ bytes in \d+\.\d\d s", logged)
    assert "terrarium tile server (127.0.0.1:" in logged
    assert "failed: answered 500 Internal Server Error" in logged
    assert "waiting 1.0 s" in logged
    assert re.search(r"area_cache: streets not in the cache: built \d+ in", logged)
    assert re.search(r"fallback: terrarium tiles.*: heights at \d+ % of \d+ points", logged)
    assert re.search(r"area_cache: \d+ streets from the cache, 0 days old", "\n".join(again))
    assert "Overpass (" not in "\n".join(again)
    assert "client: Nominatim (127.0.0.1:" in "\n".join(by_name)
    assert len([line for line in checked if " bytes in " in line]) == 8

    for line in filter(is_logged, [*first, *again, *by_name, *checked]):
        bare = re.sub(r"127\.0\.0\.1:\d+", "", line)
        assert SECRET not in bare
        assert "?" not in bare
        assert "/" not in bare.replace("terrarium tiles of", "")
        assert world.city.name not in bare
        assert not re.search(r"\d\.\d{3}", bare)
        assert not re.search(r"\b(46|70)\.\d", bare)
    assert SECRET not in out + "\n".join([*first, *again, *by_name, *checked])


def test_a_scan_says_what_it_does(tmp_path: Path) -> None:
    with World() as world:
        files = (str(world.city.osm), "--dem", str(world.city.dem), "-o", str(tmp_path / "hills"))
        words = ("scan", *files, "--workers", "1", "-v")
        first, again = (run(world, tmp_path, *words)[1] for _ in range(2))
    assert any(re.match(r"region\.scan: partitioned into \d+ cells in \d", line) for line in first)
    assert any(re.match(r"region\.scan: \d+ hills$", line) for line in first)
    assert "region.scan: skipped: the scan is finished already" in again


def test_a_library_is_silent_until_somebody_listens() -> None:
    logger = logging.getLogger(hf.__name__)
    assert any(isinstance(each, logging.NullHandler) for each in logger.handlers)
    assert logger.level == logging.NOTSET
