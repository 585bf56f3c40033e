"""Quantities, and sentences made of them: units are chosen when words are made, not before.

A sentence that travels between rooms is a ``Sentence`` of parts: words, names and signs exactly as
the map has them, and quantities in SI units. It is a ``str`` of its own metric text, so that files,
JSON and notebooks read it as any other text, and ``hillfinder.output.text`` says its parts in the
units asked for. Nothing reads numbers back out of words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

Units = Literal["metric", "imperial"]

FOOT_M: Final = 0.3048
MILE_M: Final = 1609.344
MILE_KM: Final = MILE_M / 1000
INCH_MM: Final = 25.4


class Quantity(Protocol):
    """A part of a sentence that is said in one system of units or the other."""

    def text(self, units: Units = "metric") -> str:
        """Return the number with its unit."""


class Name(str):
    """A name or a road sign: said exactly as the map has it, whatever the units."""

    __slots__ = ()


Part: TypeAlias = str | Quantity


class Sentence(str):
    """A sentence, or a piece of one: its metric text, and the parts that it is made of.

    Args:
        parts: words, names and quantities in order, with the spaces between them. Sentences among
            them are taken apart.

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
        flat: list[Part] = []
        for part in parts:
            flat += part.parts if isinstance(part, Sentence) else [part]
        made = super().__new__(cls, _in_units(flat, "metric"))
        made.parts = tuple(flat)
        return made

    def __getnewargs__(self) -> tuple[Part, ...]:  # type: ignore[override]
        """Return what a copy is made of."""
        return self.parts

    def text(self, units: Units = "metric") -> str:
        """Return the sentence in the units asked for."""
        return _in_units(self.parts, units)


def _in_units(parts: Sequence[Part], units: Units) -> str:
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
class Length:
    """A length or a height.

    Attributes:
        metres: how long.
        style: ``whole`` metres or feet, miles from one mile on; ``floor``: the same, rounded down,
            for what falls short of a limit; ``exact``: the same as it was asked for; ``about``: to
            tens; ``far``: to tens, or in kilometres and miles from one kilometre on; ``rise``:
            whole metres or feet, however many; ``way``: kilometres or miles; ``run``: the same as
            it was asked for; ``cell``: the grid of an elevation model.
    """

    metres: float
    style: Literal["whole", "floor", "exact", "about", "far", "rise", "way", "run", "cell"] = (
        "whole"
    )

    def text(self, units: Units = "metric") -> str:
        """Return the number with its unit.

        >>> Length(83.0, "far").text(), Length(1234.0, "far").text(), Length(99.7, "floor").text()
        ('80 m', '1.2 km', '99 m')
        >>> Length(152.4).text("imperial"), Length(3200.0).text("imperial")
        ('500 ft', '2.0 mi')
        """
        return self._metric() if units == "metric" else self._imperial()

    def _metric(self) -> str:
        metres, style = self.metres, self.style
        if style == "run":
            return f"{metres / 1000:g} km"
        if style == "way" or (style == "far" and metres >= 995):
            return f"{metres / 1000:.1f} km"
        if style in ("exact", "cell"):
            return f"{metres:g} m" if style == "exact" else f"{metres:.3g} m"
        return f"{_rounded(metres, style):.0f} m"

    def _imperial(self) -> str:
        metres, style = self.metres, self.style
        feet, miles = metres / FOOT_M, metres / MILE_M
        if style == "cell":
            return f"{feet:.0f} ft" if feet >= 10 else f"{feet:.1f} ft"
        long = style != "rise" and metres >= MILE_M
        if long or style in ("way", "run") or (style == "far" and metres >= 995):
            miles = math.floor(10 * miles) / 10 if style == "floor" else miles
            return f"{miles:.1f} mi"
        return f"{_rounded(feet, style):.0f} ft"


def _rounded(length: float, style: str) -> float:
    if style == "floor":
        return math.floor(length)
    return max(10.0, round(length, -1)) if style in ("about", "far") else length


@dataclass(frozen=True, slots=True)
class Grade:
    """Rise over run.

    Attributes:
        ratio: how steep.
        decimals: of the percentage; ``None``: as many as it has.
    """

    ratio: float
    decimals: int | None = 0

    def text(self, units: Units = "metric") -> str:  # noqa: ARG002 - the same in both
        """Return it in percent.

        >>> Grade(0.1184).text(), Grade(0.1184, 1).text(), Grade(0.029, None).text()
        ('12 %', '11.8 %', '2.9 %')
        """
        percent = 100 * self.ratio
        return f"{percent:g} %" if self.decimals is None else f"{percent:.{self.decimals}f} %"


@dataclass(frozen=True, slots=True)
class Duration:
    """A time that something takes.

    Attributes:
        seconds: how long.
        style: ``words``: minutes, at least one; ``passed``: minutes, rounded down; ``within``:
            minutes, rounded up, for what misses a limit; ``short``: minutes as in a table;
            ``asked``: the same as they were asked for; ``clock``: as a watch shows it;
            ``repeat``: as a coach says it, to 5 s below 3 minutes; ``of``: the same before a noun.
    """

    seconds: float
    style: Literal["words", "passed", "within", "short", "asked", "clock", "repeat", "of"] = "words"

    def text(self, units: Units = "metric") -> str:  # noqa: ARG002 - the same in both
        """Return the time.

        >>> [Duration(s).text() for s in (20.0, 400.0)]
        ['1 minute', '7 minutes']
        >>> [Duration(s, "passed").text() for s in (599.0, 65.0, 20.0)]
        ['9 minutes', '1 minute', 'less than a minute']
        >>> [Duration(s, "repeat").text() for s in (58.0, 83.0, 1490.0)]
        ['60 s', '85 s', '25 minutes']
        >>> Duration(1490.0, "of").text(), Duration(61.0, "within").text()
        ('25-minute', '2 minutes')
        """
        minutes, style = self.seconds / 60, self.style
        if style == "clock":
            return clock(self.seconds)
        if style == "short":
            return f"{minutes:.0f} min"
        if style == "asked":
            return f"{minutes:g} min"
        if style in ("repeat", "of") and self.seconds < 180:
            return f"{5 * round(self.seconds / 5)} s"
        if style == "passed" and minutes < 1:
            return "less than a minute"
        rounded = {"passed": math.floor, "within": math.ceil}.get(style, round)(minutes)
        whole = max(rounded, 1)
        return f"{whole}-minute" if style == "of" else count(whole, "minute")


@dataclass(frozen=True, slots=True)
class Pace:
    """A speed on foot, in metres a second, said as a time for a kilometre or a mile."""

    speed_m_s: float

    def text(self, units: Units = "metric") -> str:
        """Return the time.

        >>> Pace(1000 / 420).text(), Pace(1000 / 420).text("imperial")
        ('7:00 min/km', '11:16 min/mi')
        """
        per, unit = (1000.0, "km") if units == "metric" else (MILE_M, "mi")
        return f"{clock(per / self.speed_m_s)} min/{unit}"


@dataclass(frozen=True, slots=True)
class Speed:
    """A speed of wind or of a belt, in km/h; what a road sign says is a ``Name``."""

    km_h: float
    decimals: int = 0

    def text(self, units: Units = "metric") -> str:
        """Return the speed.

        >>> Speed(8.0, 1).text(), Speed(8.0, 1).text("imperial")
        ('8.0 km/h', '5.0 mph')
        """
        value, unit = (self.km_h, "km/h") if units == "metric" else (self.km_h / MILE_KM, "mph")
        return f"{value:.{self.decimals}f} {unit}"


@dataclass(frozen=True, slots=True)
class Temperature:
    """A temperature, in degrees Celsius."""

    celsius: float

    def text(self, units: Units = "metric") -> str:
        """Return whole degrees, never "-0".

        >>> Temperature(-0.4).text(), Temperature(-2.0).text("imperial")
        ('0 °C', '28 °F')
        """
        if units == "metric":
            return f"{round(self.celsius)} °C"
        return f"{round(1.8 * self.celsius + 32)} °F"


@dataclass(frozen=True, slots=True)
class Rainfall:
    """Rain, in millimetres."""

    mm: float

    def text(self, units: Units = "metric") -> str:
        """Return millimetres or inches.

        >>> Rainfall(1.24).text(), Rainfall(1.24).text("imperial")
        ('1.2 mm', '0.05 in')
        """
        return f"{self.mm:.1f} mm" if units == "metric" else f"{self.mm / INCH_MM:.2f} in"


@dataclass(frozen=True, slots=True)
class SnowDepth:
    """Snow, in metres."""

    metres: float

    def text(self, units: Units = "metric") -> str:
        """Return centimetres or inches.

        >>> SnowDepth(0.1).text(), SnowDepth(0.1).text("imperial")
        ('10 cm', '3.9 in')
        """
        if units == "metric":
            return f"{100 * self.metres:.0f} cm"
        return f"{1000 * self.metres / INCH_MM:.1f} in"
