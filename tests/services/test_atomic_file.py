"""One temp-and-move for results and for the cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hillfinder
from hillfinder.services.atomic_file import PART_NAME, write_atomically


@pytest.mark.parametrize("synced", [True, False])
def test_the_old_file_or_the_new_one(tmp_path: Path, *, synced: bool) -> None:
    path = tmp_path / "a.txt"
    for data in (b"old", b"new"):
        write_atomically(path, data, synced=synced)
        assert path.read_bytes() == data
    assert [*tmp_path.iterdir()] == [path]


def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(OSError, match="taken"):
        write_atomically(taken, b"data", synced=False)
    assert [*tmp_path.iterdir()] == [taken]


def test_a_killed_process_leaves_a_part_that_is_known_as_one(tmp_path: Path) -> None:
    killed = (
        "import os, pathlib, sys\n"
        "from hillfinder.services.atomic_file import write_atomically\n"
        "sys.addaudithook(lambda event, _: event == 'os.rename' and os._exit(9))\n"
        "write_atomically(pathlib.Path(sys.argv[1], 'a'), b'half', synced=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, tmp_path], check=False)
    assert done.returncode == 9
    (left,) = tmp_path.iterdir()
    assert PART_NAME.fullmatch(left.name)


def test_nobody_else_moves_a_file_into_place() -> None:
    package = Path(hillfinder.__file__).parent
    movers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "part.replace(" in path.read_text() or "os.replace(" in path.read_text()
    }
    # A scan moves all the files of its hills at its end, once every worker has written its own.
    assert movers == {"services/atomic_file.py", "region/scan.py"}
