"""What was typed, read and checked: all faults at once, in one sentence each."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hillfinder.errors import CriteriaError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from hillfinder.criteria import Criteria
    from hillfinder.model import HeightKind

T = TypeVar("T")


class DemKind(StrEnum):
    """What ``--dem-kind`` may name."""

    bare_earth = "bare-earth"
    surface = "surface"


Kind = Annotated[
    DemKind | None,
    typer.Option(
        "--dem-kind", help="What the files of --dem show: the ground, or roofs and trees."
    ),
]
Elevation = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Heights from a service, with --dem where the files have none: auto, 3dep, "
        "terrarium, copernicus, mapterhorn (see hillfinder sources).  "
        "[default: auto, unless --dem]",
    ),
]


def height_kind(typed: DemKind | None) -> HeightKind | None:
    """Return the kind of a model as it is written everywhere else."""
    return {None: None, DemKind.bare_earth: "bare earth", DemKind.surface: "surface"}[typed]


def spaced(argv: Sequence[str]) -> list[str]:
    """Return the words with a space before each southern latitude, which is no option.

    >>> spaced(["near", "-33.86,151.21", "--offline"])
    ['near', ' -33.86,151.21', '--offline']
    """
    southern = re.compile(r"-\.?\d[\d.]*\s*[,;\s°]")
    end = argv.index("--") if "--" in argv else len(argv)
    return [
        f" {word}" if southern.match(word) and at < end else word for at, word in enumerate(argv)
    ]


def contradictions(
    place: str,
    elevation: str | None,
    dem: Sequence[Path],
    dem_kind: DemKind | None,
    *,
    pick: int,
    limit: int,
) -> list[str]:
    """Return what is wrong with words that no criterion holds."""
    from hillfinder.elevation.sources import NAMES

    faults = []
    if any("\ud800" <= letter <= "\udfff" for letter in place):
        faults.append("the place holds bytes that are no text: type it again")
    if elevation is not None and elevation not in NAMES:
        faults.append(f'--elevation "{elevation}" is not known: give {", ".join(NAMES)}')
    if dem_kind is not None and not dem:
        faults.append(
            "--dem-kind says what the files of --dem show, and there are none: give --dem"
        )
    if pick < 1:
        faults.append(f"--pick {pick} is no hill in a list: give 1 or more")
    elif pick > limit >= 1:
        faults.append(f"--pick {pick} lies beyond --limit {limit}: raise the limit")
    return faults


def criteria(
    *,
    length: str | None,
    warmup: str,
    pace: str | None,
    walk: bool,
    min_grade: float | None,
    limit: int,
    faults: Iterable[str] = (),
) -> Criteria:
    """Return what was asked for, or raise all faults at once, those found before included.

    Raises:
        InputError: something cannot be read, or contradicts something else.
    """
    from hillfinder.criteria import Criteria

    found = list(faults)
    given: dict[str, Any] = {"walk": walk, "limit": limit}

    def take(option: str, name: str, read: Callable[[T], object], value: T | None) -> None:
        if value is None:
            return
        try:
            given[name] = read(value)
        except ValueError as fault:
            found.append(f"{option} {fault}")

    take("--length", "length_m", _range, length)
    take("--warmup", "warmup_min", _range, warmup)
    take("--min-grade", "min_grade", _ratio, min_grade)
    take("--pace", "pace_min_per_km", _pace, pace)
    try:
        asked = Criteria(**given)
    except CriteriaError as error:
        found.append(_lower(str(error).rstrip(".")))
    if found:
        text = "; ".join(found)
        msg = f"{text[0].upper()}{text[1:]}."
        raise InputError(msg)
    return asked


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _range(text: str) -> tuple[float, float]:
    """Return both ends of ``100-200``; ``150`` is both."""
    number = r"\s*(\d+(?:\.\d+)?)\s*"
    found = re.fullmatch(f"{number}(?:[-–]{number})?", text)  # noqa: RUF001 - an en dash will do
    if found is None:
        msg = f'"{text}" is no range: write two numbers as in 10-20, or one'
        raise ValueError(msg)
    low, high = found.groups()
    return float(low), float(high or low)


def _pace(text: str) -> float:
    """Return minutes a kilometre from ``7:30`` or ``7.5``."""
    found = re.fullmatch(r"\s*(\d+)(?::([0-5]\d)|(\.\d+))?\s*", text)
    if found is None:
        msg = f'"{text}" is no pace: write minutes and seconds a kilometre, such as 7:00'
        raise ValueError(msg)
    minutes, seconds, part = found.groups()
    return int(minutes) + int(seconds or 0) / 60 + float(part or 0)


def _ratio(percent: float) -> float:
    """Return a grade typed in percent as a ratio."""
    if not 0 < percent < 100:
        msg = f"{percent:g} is no grade of a hill: give percent, such as 3"
        raise ValueError(msg)
    return percent / 100
