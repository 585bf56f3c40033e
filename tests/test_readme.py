"""README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from tests.readme import BEGIN, README, options, written

TEXT = README.read_text(encoding="utf-8")


def test_the_options_are_those_of_the_code() -> None:
    assert BEGIN in TEXT
    assert len(options().splitlines()) > 50
    assert written(TEXT) == TEXT, "run python -m tests.readme"


def test_every_option_that_is_named_exists() -> None:
    ours = set(re.findall(r"--[a-z][a-z-]+", options())) | {"--version", "--help"}
    ours |= {"--install-completion", "--show-completion", "--no-deps"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    assert named <= ours, named - ours


def test_every_file_that_is_named_exists() -> None:
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", TEXT):
        assert Path(README.parent, path).exists(), path


def test_each_command_shows_examples() -> None:
    import typer

    from hillfinder.cli import app

    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        assert f"hillfinder {name}" in (command.epilog or ""), name


def test_every_file_that_contributors_are_sent_to_exists() -> None:
    text = (README.parent / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py)?|[a-z_]+\.py)`", text))
    assert len(named) > 10
    package = README.parent / "hillfinder"
    assert not {
        path for path in named if not any((at / path).exists() for at in (README.parent, package))
    }
