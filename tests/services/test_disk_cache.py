"""What is kept on disk, by one process and by several."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from hillfinder.services.disk_cache import ABANDONED_S, Busy, Cache

if TYPE_CHECKING:
    from pathlib import Path


def name(number: int, kind: str = "replies") -> str:
    return f"{kind}/{number:064x}.bin"


def never(*_: object) -> None:
    pytest.fail("there is nothing to wait for")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path, 10_000)


def test_what_was_written_is_read(cache: Cache) -> None:
    assert cache.read(name(1)) is None
    cache.write(name(1), b"one\ntwo", {"of": "me"})
    entry, data = cache.read(name(1)) or pytest.fail("nothing")
    assert (data, entry.about) == (b"one\ntwo", {"of": "me"})
    assert abs(entry.written - time.time()) < 5
    cache.write(name(1), b"other", {})
    assert (cache.read(name(1)) or pytest.fail("nothing"))[1] == b"other"
    cache.drop(name(1))
    assert cache.read(name(1)) is None


def test_every_damage_is_noticed_and_dropped(cache: Cache) -> None:
    cache.write(name(1), b"0123456789", {"of": "me"})
    path = cache.folder / name(1)
    whole = path.read_bytes()
    for at in range(len(whole)):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            found = cache.read(name(1))
            if found is None:
                assert not path.exists()
            else:  # the words about it are not what it is
                assert found[1] == b"0123456789"


def test_the_least_recently_used_goes_first(cache: Cache) -> None:
    for number in range(6):
        cache.write(name(number), bytes(1500), {})
        os.utime(cache.folder / name(number), (1000 + number, 1000 + number))
    assert cache.read(name(0)) is not None
    cache.write(name(6), bytes(1500), {})
    there = [number for number in range(7) if (cache.folder / name(number)).exists()]
    assert there == [0, 3, 4, 5, 6]
    assert sum(entry.size for entry in cache.entries()) <= cache.limit
    assert next(entry.name for entry in cache.entries()) in {name(0), name(6)}


def test_what_is_too_large_is_not_kept_and_costs_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    cache = Cache(tmp_path, 10_000, said.append)
    cache.write(name(1), bytes(100), {})
    cache.write(name(2), bytes(20_000), {})
    assert cache.read(name(1)) is not None
    assert cache.read(name(2)) is None
    assert len(said) == 1
    assert "Nothing can be kept" in said[0]


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file", 10_000, said.append)
    for number in range(3):
        cache.write(name(number), b"x", {})
        assert cache.read(name(number)) is None
    assert len(said) == 1
    assert cache.entries() == []
    with cache.turn("t", 1.0, 1.0, never, never):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="a disk of no size is lent by Unix alone")
def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    code = """if True:
        import resource, signal, sys
        from pathlib import Path
        from hillfinder.services.disk_cache import Cache
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        cache = Cache(Path(sys.argv[1]), 10**6, print)
        cache.write(sys.argv[2], bytes(5000), {})
        assert cache.read(sys.argv[2]) is None
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), name(1)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "File too large" in done.stdout
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_clearing_leaves_what_is_not_ours(cache: Cache) -> None:
    cache.write(name(1), b"x", {})
    cache.write(name(2, "areas"), b"x", {})
    mine = [cache.folder / "letter.txt", cache.folder / "replies" / "letter.txt"]
    for path in mine:
        path.write_text("Dear")
    assert cache.clear() > 0
    assert cache.entries() == []
    assert all(path.exists() for path in mine)
    assert cache.clear() == 0


def test_what_a_dead_process_left_half_written_is_swept(cache: Cache) -> None:
    cache.write(name(1), b"x", {})
    old, fresh = (cache.folder / "replies" / f".hillfinder-{12 * at}.part" for at in "ab")
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - ABANDONED_S - 1,) * 2)
    assert len(cache.entries()) == 1
    Cache(cache.folder, 10_000).write(name(3), b"x", {})
    assert not old.exists()
    assert fresh.exists()


HOLD = """if True:
    import sys, time
    from pathlib import Path
    from hillfinder.services.disk_cache import Cache
    cache = Cache(Path(sys.argv[1]), 10**6)
    with cache.turn("t", 5.0, float(sys.argv[2]), lambda: None, time.sleep):
        print("in", flush=True)
        sys.stdin.read()
"""


def holder(folder: Path, apart_s: float = 0.0) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(apart_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def test_one_process_has_the_turn_until_it_dies(cache: Cache) -> None:
    told: list[str] = []
    with holder(cache.folder) as process:
        with pytest.raises(Busy), cache.turn("t", 0.3, 0.0, lambda: told.append("busy"), never):
            pass
        with cache.turn("other", 0.3, 0.0, never, never):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with cache.turn("t", 5.0, 0.0, lambda: told.append("busy"), never):
            pass
    assert told[0] == "busy"


def test_turns_are_apart_across_processes(cache: Cache) -> None:
    slept: list[float] = []
    with holder(cache.folder, 10.0) as process:
        process.communicate("")
    with cache.turn("t", 5.0, 10.0, never, slept.append):
        pass
    assert len(slept) == 1
    assert 5 < slept[0] <= 10


def test_a_turn_within_a_turn_is_the_same(cache: Cache) -> None:
    slept: list[float] = []
    with (
        cache.turn("t", 1.0, 10.0, never, slept.append),
        cache.turn("t", 1.0, 10.0, never, slept.append),
    ):
        pass
    assert slept == []
    with cache.turn("t", 1.0, 10.0, never, slept.append):
        pass
    assert len(slept) == 1


def test_many_processes_at_once_keep_whole_files(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        from hillfinder.services.disk_cache import Cache
        cache = Cache(Path(sys.argv[1]), 200_000)
        for round in range(40):
            for number in range(4):
                name = f"replies/{number:064x}.bin"
                found = cache.read(name)
                assert found is None or found[1] == bytes([number]) * 30_000
                if found is None or round % 3 == 0:
                    cache.write(name, bytes([number]) * 30_000, {})
            if round % 10 == 9:
                cache.clear()
    """
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    assert not [*tmp_path.rglob("*.part")]
