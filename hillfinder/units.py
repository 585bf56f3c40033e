"""Quantities, and sentences that keep them until the units are known.

A ``Sentence`` consists of words, names and signs exactly as the map has them, and quantities. It is
a ``str`` of its own metric text, which files, JSON and notebooks read as any text;
``hillfinder.output.text`` says its parts in the units asked for. No number is ever parsed out of
prose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

Units = Literal["metric", "imperial"]

FOOT_M: Final = 0.3048
MILE_M: Final = 1609.344
MILE_KM: Final = MILE_M / 1000
INCH_MM: Final = 25.4


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, in the unit that its class names, said in the units asked for."""

    value: float

    def text(self, units: Units = "metric") -> str:
        """Return the number with its unit."""
        return self._said(metric=units == "metric")

    def _said(self, *, metric: bool) -> str:
        raise NotImplementedError


class Name(str):
    """A name or a road sign: said exactly as the map has it, whatever the units."""

    __slots__ = ()


Part: TypeAlias = str | Quantity


class Sentence(str):
    """A sentence, or a piece of one: its metric text, and the parts that it is made of.

    Args:
        parts: words, names and quantities in order, with the spaces between them. A sentence among
            them adds its own parts.

    >>> mind = Sentence("Mind ", Name("Sentier 5 km"), " at ", Length(60.0), ".")
    >>> print(mind)
    Mind Sentier 5 km at 60 m.
    >>> mind.text("imperial")
    'Mind Sentier 5 km at 197 ft.'
    """

    __slots__ = ("parts",)
    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> Self:
        """Join the parts in metric units."""
        made = super().__new__(cls, _joined(parts, "metric"))
        made.parts = tuple(
            each
            for part in parts
            for each in (part.parts if isinstance(part, Sentence) else (part,))
        )
        return made

    def __getnewargs__(self) -> tuple[Part, ...]:  # type: ignore[override]
        """Return what a copy is made of."""
        return self.parts

    def text(self, units: Units = "metric") -> str:
        """Return the sentence in the units asked for."""
        return _joined(self.parts, units)


def _joined(parts: Sequence[Part], units: Units) -> str:
    return "".join(part if isinstance(part, str) else part.text(units) for part in parts)


def listed(parts: Sequence[Part]) -> Sentence:
    """Return parts as a list in a sentence.

    >>> print(listed(["a"]), listed(["a", "b"]), listed([Length(9), "b", "c"]), sep="; ")
    a; a and b; 9 m, b and c
    """
    said: list[Part] = []
    for at, part in enumerate(parts):
        between = " and " if at == len(parts) - 1 else ", "
        said += [between, part] if at else [part]
    return Sentence(*said)


def count(number: int, noun: str) -> str:
    """Return a number of things.

    >>> count(1, "minute"), count(2, "minute")
    ('1 minute', '2 minutes')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clock(time_s: float) -> str:
    """Return seconds as a watch shows them.

    >>> clock(55.2), clock(159.8), clock(3725)
    ('0:55', '2:40', '1:02:05')
    """
    minutes, rest = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(frozen=True, slots=True)
class Length(Quantity):
    """A length or a height, m.

    Styles:
        whole: whole metres or feet; miles from one mile on.
        floor: the same rounded down, for what falls short of a limit.
        about: the same in tens.
        exact: a limit as it was asked for.
        far: tens of metres or feet; kilometres or miles from one kilometre on.
        way: kilometres or miles.
        run: kilometres as they were asked for, or miles.
        rise: whole metres or feet at any size.
        cell: the cell size of an elevation model.

    >>> Length(83.0, "far").text(), Length(1234.0, "far").text(), Length(99.7, "floor").text()
    ('80 m', '1.2 km', '99 m')
    >>> Length(152.4).text("imperial"), Length(3200.0).text("imperial")
    ('500 ft', '2.0 mi')
    """

    style: Literal["whole", "floor", "exact", "about", "far", "rise", "way", "run", "cell"] = (
        "whole"
    )

    def _said(self, *, metric: bool) -> str:
        style, short_m, long_m = self.style, 1.0 if metric else FOOT_M, 1000.0 if metric else MILE_M
        from_m = {"way": 0.0, "run": 0.0, "far": 995.0, "rise": math.inf, "cell": math.inf}
        if self.value >= from_m.get(style, math.inf if metric else MILE_M):
            long = self.value / long_m
            long = math.floor(10 * long) / 10 if style == "floor" else long
            digits = "g" if metric and style == "run" else ".1f"
            return f"{long:{digits}} {'km' if metric else 'mi'}"
        short, digits = self.value / short_m, ".0f"
        if style == "floor":
            short = math.floor(short)
        elif style in ("about", "far"):
            short = max(10.0, round(short, -1))
        elif style == "cell":
            digits = ".3g" if metric else ".1f" if short < 10 else ".0f"
        elif style == "exact" and metric:
            digits = "g"
        return f"{short:{digits}} {'m' if metric else 'ft'}"


@dataclass(frozen=True, slots=True)
class Grade(Quantity):
    """Rise over run, a ratio, said in percent with as many decimals; ``None`` for all it has.

    >>> Grade(0.1184).text(), Grade(0.1184, 1).text(), Grade(0.029, None).text()
    ('12 %', '11.8 %', '2.9 %')
    """

    decimals: int | None = 0

    def _said(self, *, metric: bool) -> str:  # noqa: ARG002 - the same in both
        percent = 100 * self.value
        return f"{percent:g} %" if self.decimals is None else f"{percent:.{self.decimals}f} %"


@dataclass(frozen=True, slots=True)
class Duration(Quantity):
    """A time that something takes, s.

    Styles:
        words: minutes, at least one.
        passed: minutes rounded down.
        within: minutes rounded up, for what misses a limit.
        short: minutes as in a table.
        asked: minutes as they were asked for.
        clock: as a watch shows it.
        repeat: as a coach says it, to 5 s below 3 minutes.
        of: the same before a noun.

    >>> [Duration(s).text() for s in (20.0, 400.0)]
    ['1 minute', '7 minutes']
    >>> [Duration(s, "passed").text() for s in (599.0, 65.0, 20.0)]
    ['9 minutes', '1 minute', 'less than a minute']
    >>> [Duration(s, "repeat").text() for s in (58.0, 83.0, 1490.0)]
    ['60 s', '85 s', '25 minutes']
    >>> Duration(1490.0, "of").text(), Duration(61.0, "within").text()
    ('25-minute', '2 minutes')
    """

    style: Literal["words", "passed", "within", "short", "asked", "clock", "repeat", "of"] = "words"

    def _said(self, *, metric: bool) -> str:  # noqa: ARG002 - the same in both
        minutes, style = self.value / 60, self.style
        if style == "clock":
            return clock(self.value)
        if style in ("short", "asked"):
            return f"{minutes:.0f} min" if style == "short" else f"{minutes:g} min"
        if style in ("repeat", "of") and self.value < 180:
            return f"{5 * round(self.value / 5)} s"
        if style == "passed" and minutes < 1:
            return "less than a minute"
        whole = max({"passed": math.floor, "within": math.ceil}.get(style, round)(minutes), 1)
        return f"{whole}-minute" if style == "of" else count(whole, "minute")


class Pace(Quantity):
    """A speed on foot, m/s, said as the time for a kilometre or a mile."""

    def _said(self, *, metric: bool) -> str:
        per_m, unit = (1000.0, "km") if metric else (MILE_M, "mi")
        return f"{clock(per_m / self.value)} min/{unit}"


@dataclass(frozen=True, slots=True)
class Speed(Quantity):
    """A speed of wind or of a belt, km/h; what a road sign says is a ``Name``."""

    decimals: int = 0

    def _said(self, *, metric: bool) -> str:
        speed, unit = (self.value, "km/h") if metric else (self.value / MILE_KM, "mph")
        return f"{speed:.{self.decimals}f} {unit}"


class Temperature(Quantity):
    """A temperature, °C, said in whole degrees, never "-0"."""

    def _said(self, *, metric: bool) -> str:
        return f"{round(self.value)} °C" if metric else f"{round(1.8 * self.value + 32)} °F"


class Rainfall(Quantity):
    """Rain, mm."""

    def _said(self, *, metric: bool) -> str:
        return f"{self.value:.1f} mm" if metric else f"{self.value / INCH_MM:.2f} in"


class SnowDepth(Quantity):
    """Depth of snow, m, said in centimetres or inches."""

    def _said(self, *, metric: bool) -> str:
        return f"{100 * self.value:.0f} cm" if metric else f"{1000 * self.value / INCH_MM:.1f} in"
