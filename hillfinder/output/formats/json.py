"""Everything as JSON: the contract is in ``output.records``."""

from __future__ import annotations

from hillfinder.output.formats import Format
from hillfinder.output.records import to_json

FORMAT = Format(
    name="json",
    file="hills.json",
    help="Write everything as JSON.",
    about="what `--format json` says",
    make=lambda asked: to_json(asked.findings, asked.workout, asked.treadmill),
    options=("workout", "treadmill"),
    flag=False,
)
