"""Searches as processes of their own, in a world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Search:
    """A search in a world, with a cache of its own, for ``words`` after ``hillfinder near``."""

    environment: Mapping[str, str]
    cache: Path
    words: Sequence[str]

    def start(self) -> subprocess.Popen[str]:
        """Start it; its answer is JSON.

        At one and the same hour: what is said of light depends on it.
        """
        fixed = ["--format", "json", "--at", "2026-06-21 10:00"]
        return subprocess.Popen(
            [sys.executable, "-m", "hillfinder", "near", *self.words, *fixed],
            cwd=ROOT,
            env={**os.environ, **self.environment, "HILLFINDER_CACHE_DIR": str(self.cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, timeout_s: float = 600.0) -> tuple[int, str, str]:
        """Run it to its end, and return its exit code and what it wrote."""
        with self.start() as process:
            out, err = process.communicate(timeout=timeout_s)
        return process.returncode, out, err

    @property
    def kept(self) -> dict[str, int]:
        """How many files are kept, by kind; the half-written ones as ``part``."""
        count: dict[str, int] = {}
        for path in self.cache.rglob("*"):
            if path.is_file() and path.parent.name != "locks":
                kind = "part" if path.suffix == ".part" else path.parent.name
                count[kind] = count.get(kind, 0) + 1
        return count


def hills(out: str) -> Any:
    """Return the hills that a search found."""
    return json.loads(out)["hills"] if out else None
