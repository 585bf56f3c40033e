"""The layout of the repository: small files, and folders in which one finds one's way."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hillfinder"
#: Most lines of a module.
MOST_LINES = 400
#: Most modules and folders in a folder of the package, not counting ``__init__`` and ``__main__``.
MOST_SIBLINGS = 10
#: The same of the package itself.
MOST_AT_THE_TOP = 20
#: Each format has a file, and a new one is a file more.
FORMATS = PACKAGE / "output" / "formats"
TOP = {"LICENSE", "README.md", "hillfinder", "notebooks", "pyproject.toml", "tests"}
BUILT = {"build", "dist", "htmlcov"}


def test_no_module_is_long() -> None:
    lines = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert len(lines) > 150
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_folder_is_crowded() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    inside = {
        folder: sorted(
            path.name
            for path in folder.iterdir()
            if path in folders or (path.suffix == ".py" and not path.name.startswith("__"))
        )
        for folder in folders
    }
    inside.pop(FORMATS)
    assert len(inside) > 25
    assert len(inside.pop(PACKAGE)) <= MOST_AT_THE_TOP
    assert {folder: names for folder, names in inside.items() if len(names) > MOST_SIBLINGS} == {}


def test_nothing_else_lies_at_the_top() -> None:
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert there >= TOP
    assert not there - TOP - BUILT
