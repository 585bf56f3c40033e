"""The layout of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP = {"LICENSE", "README.md", "hillfinder", "notebooks", "pyproject.toml", "tests"}
BUILT = {"build", "dist", "htmlcov"}


def test_nothing_else_lies_at_the_top() -> None:
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert there >= TOP
    assert not there - TOP - BUILT
