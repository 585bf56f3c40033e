"""The part of README that is made from the code: ``python -m tests.readme`` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from hillfinder.cli import app

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- options: made by python -m tests.readme -->\n", "<!-- end of options -->\n"


def options() -> str:
    """Return a table of the options of every command."""
    lines = ["| command | option | what it says |", "|---|---|---|"]
    command = typer.main.get_command(app)
    for name, each in command.commands.items():  # type: ignore[attr-defined]
        context = each.make_context(name, ["x"], resilient_parsing=True)
        for param in each.params:
            told = param.get_help_record(context)
            if told and told[0].startswith("-") and "--help" not in told[0]:
                usage, words = (" ".join(part.split()).replace("|", "\\|") for part in told)
                lines.append(f"| {name} | `{usage}` | {words} |")
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """Return the text of README with the table as the code has it."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: BEGIN + options() + END, text)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
