"""What a folder says of the scan that it holds: how it began, whether it is whole or can go on."""

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
from hillfinder.region.store import checked_files as parts
from hillfinder.region.store import dataset
from hillfinder.region.work import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLAN, LOCK = "_scan/plan.json", "_scan/lock"


def begun(folder: Path, wanted: Mapping[str, Any], *, resume: bool) -> dict[str, Any] | None:
    """Return the plan of the scan that the folder holds, ``None`` where there is none.

    Raises:
        InputError: it holds another scan, or something else.
    """
    plan: dict[str, Any] | None = None
    try:
        plan = _plan((folder / PLAN).read_bytes())
    except OSError:
        if folder.is_dir() and {path.name for path in folder.iterdir()} - {"_scan"}:
            msg = f"{folder} holds something else: give a new folder, or an empty one."
            raise InputError(msg) from None
    if plan == {} and resume:
        msg = f"{folder / PLAN} is damaged: scan anew with --no-resume."
        raise InputError(msg)
    if plan is not None and resume and plan["wanted"] != wanted:
        other = [
            "version of hillfinder" if key == "code" else key
            for key, value in wanted.items()
            if plan["wanted"].get(key) != value
        ]
        msg = (
            f"{folder} holds another scan (another {', another '.join(other)}): give another "
            "folder, or scan anew with --no-resume."
        )
        raise InputError(msg)
    if plan is not None and not resume:
        # The hills first, since a plan with all of them counts as a scan that is whole; and the
        # plan last, since hills without one count as something else.
        for path in folder.glob("hills-*.parquet*"):
            path.unlink()
        for what in (tasks.SPOOLS, tasks.ROWS, dataset.STREETS):
            shutil.rmtree(folder / what, ignore_errors=True)
        (folder / PLAN).unlink()
        plan = None
    return plan


def _plan(text: bytes) -> dict[str, Any]:
    """Return a plan that was written down, an empty one where it is damaged."""
    try:
        plan = json.loads(text)
    except ValueError:
        return {}
    return plan if isinstance(plan, dict) and "wanted" in plan else {}


def whole(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Tell whether a scan is finished, and its files are what they were."""
    return bool(plan.get("files")) and all(
        (folder / name).is_file() and checksum(folder / name) == said
        for name, said in plan["files"].items()
    )


def has_all(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Tell whether the scan can go on without reading the extract again."""
    spools, streets = folder / tasks.SPOOLS, folder / dataset.STREETS
    return all(
        _is_of_size(spools / name, size)
        or (
            parts.read(streets / name) is not None
            and parts.read(streets / f"{name}.rim") is not None
        )
        for name, size in plan["cells"].items()
    )


def _is_of_size(path: Path, size: int) -> bool:
    """Tell whether a spool is all there: one that is being filled, or was cut short, is not."""
    return path.is_file() and path.stat().st_size == size


def note(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write down the plan of a scan."""
    replace(folder / PLAN, json.dumps(plan), overwrite=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let no other scan work in the folder; a process that died is not in the way.

    Raises:
        InputError: another scan is at work there.
        OutputError: the folder cannot be made.
    """
    from filelock import FileLock, Timeout

    with _told(folder):
        (folder / "_scan").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout as error:
        msg = f"Another scan is at work in {folder}: wait for its end, or give another folder."
        raise InputError(msg) from error


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Clear away what is half written, and say in one sentence what is wrong with the disk.

    What another scan has half written is cleared away too: only who is ``alone`` may call it.

    Raises:
        OutputError: something cannot be written.
    """
    with _told(folder):
        for part in folder.rglob(parts.LEFT_BEHIND):
            part.unlink(missing_ok=True)
        yield


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with the disk."""
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
    """Wait until the disk has all that was written."""
    if hasattr(os, "sync"):  # not on Windows
        os.sync()


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        for block in iter(partial(file.read, 1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
