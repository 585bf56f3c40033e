"""No value of an OpenStreetMap tag is spelled outside ``streets/tags`` and the demo."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import hillfinder
from hillfinder.streets.tags import access_tables, features, roads, slopes, surfaces

PACKAGE = Path(hillfinder.__file__).parent
READERS = ("streets/tags/", "demo/")

#: Words that are values of tags and something else besides, and the files where they are
#: that: ``""`` stands for all.
ALSO: Mapping[str, tuple[str, ...]] = {
    # Settings, and words of other formats and of Python.
    "no": ("services/client.py",),
    "false": ("",),
    "none": ("streets/storage/area_cache.py",),
    # Sides of a sorted array, an aligned column or a page; ways along a hill.
    "left": ("",),
    "right": ("",),
    "up": ("output/", "training/suitability.py"),
    "down": ("output/",),
    # What lies on a way (``MarkKind``), and what a caution is about.
    "driveway": ("model/", "output/", "training/", "streets/geometry/crossings.py"),
    "crossing": ("model/", "output/", "training/", "streets/geometry/crossings.py"),
    "gate": ("model/", "output/", "training/"),
    "path": ("model/", "output/", "training/", "results/"),
    # Keys of tags, of JSON, and names of fields.
    "bridge": ("results/grading/measure.py", "elevation/profiles/structures.py"),
    "tunnel": (
        "results/grading/measure.py",
        "elevation/profiles/structures.py",
        "routing/edge_costs.py",
    ),
    "service": ("streets/geometry/crossings.py",),
    "steps": ("output/", "streets/subsets.py"),
}


def values() -> frozenset[str]:
    """Return every value that a table of ``streets/tags`` knows, but numbers."""
    found: set[str] = set()
    for module in (access_tables, features, roads, slopes, surfaces):
        for name, table in vars(module).items():
            if isinstance(table, Mapping) and not name.startswith("__"):
                inner = [each for each in table.values() if isinstance(each, Mapping | frozenset)]
                found.update(*(inner or [table]))
    found.update(roads._LIT, roads._UNLIT)
    found.discard("highway")  # the key of ``STREET`` and ``TRAIL``
    return frozenset(word for word in found if re.fullmatch(r"[a-z][\w:-]*|24/7", word))


def spelled(source: str, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines and values that a module spells, docstrings left out."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            for part in re.split(r"[|;]", node.value):
                if part.strip() in known:
                    yield node.lineno, part.strip()


KNOWN = values()


def test_the_tables_know_the_values() -> None:
    some = (
        "footway residential trunk steps asphalt clay both separate grade4 bad disused private up"
    )
    assert set(some.split()) <= KNOWN
    assert [*spelled('kind = {"a": "grade4"}\nx = "no|mud"', KNOWN)] == [
        (2, "no"),
        (2, "mud"),
        (1, "grade4"),
    ]
    assert [*spelled('def f():\n    """mud"""', KNOWN)] == []


def test_no_value_of_a_tag_is_spelled_elsewhere() -> None:
    wrong = []
    seen = set()
    for file in sorted(PACKAGE.rglob("*.py")):
        where = file.relative_to(PACKAGE).as_posix()
        if where.startswith(READERS):
            continue
        for line, word in spelled(file.read_text(), KNOWN):
            if where.startswith(ALSO.get(word, ())):
                seen.add(word)
            else:
                wrong.append(f"{where}:{line}: {word}")
    assert wrong == []
    assert seen == ALSO.keys(), "a word that is nowhere needs no exception"
