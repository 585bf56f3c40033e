"""The plan of a scan in its folder: what it scans, whether it is finished or can resume."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hillfinder.errors import InputError, OutputError
from hillfinder.output.atomic_write import FULL, replace
from hillfinder.region.store import cell_streets, checked_files
from hillfinder.region.work import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLAN, LOCK = "_scan/plan.json", "_scan/lock"


def resumed(folder: Path, wanted: Mapping[str, Any], *, resume: bool) -> dict[str, Any] | None:
    """Return the plan of the scan in a folder, ``None`` where there is none or it is dropped.

    Raises:
        InputError: the folder holds another scan, or something else.
    """
    plan: dict[str, Any] | None = None
    try:
        plan = _parse_plan((folder / PLAN).read_bytes())
    except OSError:
        if folder.is_dir() and {path.name for path in folder.iterdir()} - {"_scan"}:
            msg = f"{folder} holds something else: give a new folder, or an empty one."
            raise InputError(msg) from None
    if plan == {} and resume:
        msg = f"{folder / PLAN} is damaged: start again with --no-resume."
        raise InputError(msg)
    if plan is not None and resume and plan["wanted"] != wanted:
        other = [
            "version of hillfinder" if key == "code" else key
            for key, value in wanted.items()
            if plan["wanted"].get(key) != value
        ]
        msg = (
            f"{folder} holds another scan (another {', another '.join(other)}): give another "
            "folder, or start again with --no-resume."
        )
        raise InputError(msg)
    if plan is not None and not resume:
        # Hills first, since with all of them the scan would count as finished. The plan last, since
        # files without a plan count as something else.
        for path in folder.glob("hills-*.parquet*"):
            path.unlink()
        for what in (tasks.PARTITIONS, tasks.ROWS, cell_streets.STREETS):
            shutil.rmtree(folder / what, ignore_errors=True)
        (folder / PLAN).unlink()
        plan = None
    return plan


def _parse_plan(text: bytes) -> dict[str, Any]:
    """Return a plan, an empty one where it is damaged."""
    try:
        plan = json.loads(text)
    except ValueError:
        return {}
    return plan if isinstance(plan, dict) and "wanted" in plan else {}


def is_finished(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Return whether a scan is finished, and its files have not changed."""
    return bool(plan.get("files")) and all(
        (folder / name).is_file() and checksum(folder / name) == expected
        for name, expected in plan["files"].items()
    )


def can_resume(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Return whether the scan can go on without reading the extract again."""
    partitions, streets = folder / tasks.PARTITIONS, folder / cell_streets.STREETS
    return all(
        ((partitions / name).is_file() and (partitions / name).stat().st_size == size)
        or (
            checked_files.read_checked(streets / name) is not None
            and checked_files.read_checked(streets / f"{name}.rim") is not None
        )
        for name, size in plan["cells"].items()
    )


def write_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write the plan of a scan."""
    replace(folder / PLAN, json.dumps(plan), overwrite=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder against other scans; the lock of a dead process is void.

    Raises:
        InputError: another scan works there.
        OutputError: the folder cannot be made.
    """
    from filelock import FileLock, Timeout

    with _explained(folder):
        (folder / "_scan").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout as error:
        msg = f"Another scan is at work in {folder}: wait for its end, or give another folder."
        raise InputError(msg) from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Delete half-written files, and raise faults of the disk as one sentence.

    Call it only while the folder is ``locked``: it deletes those of another scan too.

    Raises:
        OutputError: something cannot be written.
    """
    with _explained(folder):
        for part in folder.rglob(checked_files.LEFT_BEHIND):
            part.unlink(missing_ok=True)
        yield


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OutputError, ConnectionError):
        raise
    except OSError as error:
        then = "make room, and call the scan again; it goes on where it was."
        if error.errno not in FULL:
            then = "give another folder, or let it be written."
        msg = f"{folder} cannot be written ({error.strerror or error}): {then}"
        raise OutputError(msg) from error


def sync() -> None:
    """Wait until all is on the disk."""
    if hasattr(os, "sync"):  # not on Windows
        os.sync()


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        for block in iter(partial(file.read, 1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
