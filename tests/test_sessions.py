"""A kind of session stands in one table, and nothing else knows the kinds by name."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import hillfinder
from hillfinder.criteria import Criteria
from hillfinder.sessions import SESSIONS, Level, Session, SessionKind

PACKAGE = Path(hillfinder.__file__).parent
NAMES = {kind.name for kind in SESSIONS}


def test_every_name_is_one_kind() -> None:
    assert get_args(Session) == tuple(kind.name for kind in SESSIONS)
    assert [Criteria(session=kind.name).kind for kind in SESSIONS] == list(SESSIONS)


def test_every_kind_knows_every_level() -> None:
    for kind in SESSIONS:
        for by_level in (kind.ideal_s, kind.longest_s, kind.climbing_s, kind.repeats):
            assert set(by_level) == set(get_args(Level)), kind.name
        assert all(fewest <= most for fewest, most in kind.repeats.values())


def _compared(tree: ast.AST) -> set[str]:
    """Return the kinds that are told apart by name: compared, looked up or matched."""
    parts: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            # A miss may be too long: that word counts where a session is compared with it.
            words = NAMES if "session" in ast.unparse(node) else NAMES - {"long"}
            sides = [each for side in (node.left, *node.comparators) for each in ast.walk(side)]
            parts += [each for each in sides if getattr(each, "value", None) in words]
        elif isinstance(node, ast.Dict):
            # A table of words, such as that of the fields of a JSON object, has other keys too.
            keys = [key for key in node.keys if key is not None]
            spelled = {key.value for key in keys if isinstance(key, ast.Constant)}
            parts += keys if spelled <= NAMES else []
        elif isinstance(node, ast.MatchValue):
            parts.append(node.value)
    return {
        value.value
        for part in parts
        for value in ast.walk(part)
        if isinstance(value, ast.Constant) and value.value in NAMES
    }


def test_comparisons_are_seen() -> None:
    for code in (
        'a.session == "long"',
        'x in ("rolling",)',
        '"long" != session',
        '{"repeats": 1, "long": 2}[s]',
    ):
        assert _compared(ast.parse(code)), code


def test_no_other_module_tells_kinds_apart_by_name() -> None:
    told = {
        path.relative_to(PACKAGE).as_posix(): found
        for path in PACKAGE.rglob("*.py")
        if path.name != "sessions.py" and (found := _compared(ast.parse(path.read_text())))
    }
    assert told == {}


def test_a_kind_is_made_of_its_own_figures() -> None:
    kind: SessionKind = Criteria(session="long").kind
    assert Criteria(session="long").length_range_m == kind.length_m
    assert Criteria(session="long").grade_range == kind.grades
