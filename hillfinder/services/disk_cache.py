"""The cache on disk: a folder of files, checked when they are read; the oldest are dropped first.

A file begins with one line of JSON: the version of this layout, when it was written, the checksum
of all that follows, and what its writer says about it. It is written beside its place and moved
there, so that a reader, or another process, or one that was killed, never meets half of it. A disk
that is full or cannot be written costs speed, not the answer.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hillfinder.services.atomic_file import PART_NAME, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_log = logging.getLogger(__name__)
#: Version of the first line of a file; files of other versions are dropped.
LAYOUT = 1
#: The subfolders of the cache, each with what is in it, in words.
CACHE_KINDS = {"areas": "areas of streets", "replies": "replies of services"}
LOCKS = "locks"
_NAME = re.compile(rf"[0-9a-f]{{64}}\.\w+|{PART_NAME.pattern}")
#: A temporary file this old was left by a process that died, s.
ABANDONED_S = 3600.0
#: Share of the limit that is left full when room is made, so that it is not made for every file.
LEFT_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached file.

    Attributes:
        name: where, below the folder.
        written: when, in seconds since 1970.
        used: when it was last read, in seconds since 1970.
        size: in bytes.
        about: what its writer noted about it.
    """

    name: str
    written: float
    used: float
    size: int
    about: Mapping[str, Any]


class Busy(Exception):  # noqa: N818 - it is no error, and does not leave the rooms
    """Another process has the turn, and does not give it up."""


class Cache:
    """A folder of cached files, which processes and threads may share."""

    def __init__(
        self, folder: Path, limit: int, complain: Callable[[str], None] = lambda _: None
    ) -> None:
        """Use ``limit`` bytes of ``folder``; ``complain`` gets the reason for caching nothing."""
        self.folder = folder
        self.limit = limit
        self._complain = complain
        self._complained = False
        self._used: int | None = None
        self._guard = threading.Lock()
        self._turns: dict[str, Any] = {}

    def read(self, name: str) -> tuple[Entry, bytes] | None:
        """Return a cached file; drop it if it is damaged or of another layout."""
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError:
            return None
        line, _, data = content.partition(b"\n")
        head = _head(line)
        if head is None or head.pop("sha256") != sha256(data).hexdigest():
            _log.info("dropped a damaged file from %s", name.partition("/")[0])
            self.drop(name)
            return None
        with suppress(OSError):  # disks that note by themselves when a file was read do so
            os.utime(path)  # seldom, and for a look at its first line too
        return Entry(name, head.pop("written"), time.time(), len(content), head), data

    def write(self, name: str, data: bytes, about: Mapping[str, Any]) -> None:
        """Cache ``data``, if there is room for it."""
        head = {"layout": LAYOUT, "written": time.time(), "sha256": sha256(data).hexdigest()}
        content = json.dumps({**about, **head}).encode() + b"\n" + data
        path = self.folder / name
        try:
            self._make_room(len(content))
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content, synced=False)
            _log.debug("kept %d bytes in %s", len(content), path.parent.name)
        except OSError as error:
            _log.info("kept nothing: %s", error.strerror or error)
            if not self._complained:
                self._complained = True
                why = error.strerror or str(error)
                self._complain(f"Nothing can be kept in {self.folder} ({why}): it works without.")

    def drop(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(OSError):
            (self.folder / name).unlink()

    def entries(self, kind: str = "") -> list[Entry]:
        """Return the cached files of one kind or of all, the last used first."""
        found = []
        for each in (kind,) if kind else CACHE_KINDS:
            for path, status in self._files(each):
                if path.suffix == ".part":
                    continue
                try:
                    with path.open("rb") as file:
                        head = _head(file.readline(2**16).rstrip(b"\n"))
                except OSError:
                    continue
                if head is not None:
                    del head["sha256"]
                    written = head.pop("written")
                    name = f"{each}/{path.name}"
                    found.append(Entry(name, written, status.st_mtime, status.st_size, head))
        return sorted(found, key=lambda entry: (-entry.used, entry.name))

    def clear(self) -> int:
        """Remove all cached files, no others, and return the number of bytes freed.

        Raises:
            OSError: a file cannot be removed.
        """
        freed = 0
        for kind in CACHE_KINDS:
            for path, status in self._files(kind):
                path.unlink(missing_ok=True)
                freed += status.st_size
        return freed

    @contextmanager
    def turn(
        self,
        name: str,
        patience_s: float,
        apart_s: float,
        busy: Callable[[], None],
        sleep: Callable[[float], None],
    ) -> Iterator[None]:
        """Let one process of this machine in at a time, ``apart_s`` after the one before left.

        The lock is the operating system's, which takes it back from a process that died. Where
        the folder cannot be written there is none.

        Args:
            name: of the turn.
            patience_s: how long to wait for it.
            apart_s: the least time between two turns.
            busy: called where another process has it.
            sleep: called with seconds where the one before left a moment ago.

        Raises:
            Busy: it was not given up in time.
        """
        from filelock import FileLock, Timeout

        path = self.folder / LOCKS / f"{name}.lock"
        left = path.with_suffix(".left")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._guard:  # one lock object a name: it lets the thread that has it in again
                lock = self._turns.setdefault(name, FileLock(path))
            inside = lock.is_locked
            try:
                lock.acquire(timeout=0)
            except Timeout:
                busy()
                lock.acquire(timeout=patience_s, poll_interval=0.1)
        except Timeout as error:
            raise Busy from error
        except (OSError, NotImplementedError):
            yield
            return
        try:
            if not inside:
                with suppress(OSError):
                    since = time.time() - left.stat().st_mtime
                    if 0 <= since < apart_s:
                        sleep(apart_s - since)
            yield
        finally:
            if apart_s and not inside:
                with suppress(OSError):
                    left.touch()
            lock.release()

    def _files(self, kind: str) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield the files of a kind, half-written ones included, with their state."""
        with suppress(OSError):
            for path in sorted((self.folder / kind).iterdir()):
                if _NAME.fullmatch(path.name):
                    with suppress(OSError):
                        yield path, path.stat()

    def _make_room(self, size: int) -> None:
        """Drop what was not used for longest where ``size`` more bytes exceed the limit."""
        if size > self.limit * LEFT_FULL:
            msg = f"more than the {self.limit / 2**20:.0f} MB that may be kept"
            raise OSError(msg)
        with self._guard:
            if self._used is not None and self._used + size <= self.limit:
                self._used += size
                return
            files = [file for kind in CACHE_KINDS for file in self._files(kind)]
            self._used = size + sum(status.st_size for _, status in files)
            old = time.time() - ABANDONED_S
            for path, status in files:
                if path.suffix == ".part" and status.st_mtime < old:
                    self._used -= _remove(path, status.st_size)
            if self._used > self.limit:
                before = self._used
                for path, status in sorted(files, key=lambda file: file[1].st_mtime):
                    if self._used <= self.limit * LEFT_FULL:
                        break
                    self._used -= _remove(path, status.st_size)
                _log.info("dropped %d bytes, unused for longest", before - self._used)


def _remove(path: Path, size: int) -> int:
    """Remove a file if it can be, and return how many bytes that frees."""
    try:
        path.unlink()
    except OSError:
        return 0
    return size


def _head(line: bytes) -> dict[str, Any] | None:
    """Return the first line of a file, read; ``None`` where it is none of this layout."""
    try:
        head = json.loads(line)
        good = head["layout"] == LAYOUT and isinstance(head["sha256"], str)
        head["written"] = float(head["written"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not good:
        return None
    del head["layout"]
    return dict(head)
