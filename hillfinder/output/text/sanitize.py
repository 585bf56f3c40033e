"""Make names from a map that anyone can edit safe to show, on a terminal or in a file."""

from __future__ import annotations

import re
import unicodedata

#: Keeps the numbers beside a Hebrew or Arabic name from being drawn into its order.
LEFT_TO_RIGHT = "\u200e"
#: Persian and the languages of India spell with these two; all other format characters go.
_JOINERS = "\u200c\u200d"
#: Short forms on signs; OpenStreetMap writes the words out.
_SIGNED = {
    "North": "N",
    "Northeast": "NE",
    "East": "E",
    "Southeast": "SE",
    "South": "S",
    "Southwest": "SW",
    "West": "W",
    "Northwest": "NW",
    "Avenue": "Ave",
    "Boulevard": "Blvd",
    "Court": "Ct",
    "Drive": "Dr",
    "Lane": "Ln",
    "Place": "Pl",
    "Road": "Rd",
    "Street": "St",
    "Terrace": "Ter",
}


def plain(text: str, limit: int | None = None) -> str:
    r"""Return ``text`` as one line without anything that steers what shows it.

    Control characters (terminal escapes begin with one), overrides of the writing direction,
    invisible format characters, lone surrogates and non-characters are dropped; every run of
    white space becomes one space. What is left may stand in XML, once escaped.

    Args:
        text: as it came.
        limit: the most characters kept, including the ``…`` that marks a cut.

    >>> plain("SW \x1b[31mVista\nAvenue\u202e")
    'SW [31mVista Avenue'
    >>> plain("Llanfairpwllgwyngyll", 8)
    'Llanfai…'
    """
    # Most names are printable as they are.
    shown = text if text.isprintable() else "".join(map(_shown_letter, text))
    line = " ".join(shown.split()).strip(_JOINERS + " ")
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip(_JOINERS + " ") + "…"
    return line


#: Words that say nothing at the end of a name.
_JOINING_WORDS = frozenset({"&", "and", "at", "de", "du", "near", "of", "the", "to"})


def brief(name: str, octets: int) -> str:
    """Return the part of a name of a hill or a street that a watch shows.

    A name that is too long loses first the letters that signs leave out, then its cross streets,
    then whole words from its end, unless that would fill less than half of the room.

    >>> brief("Southwest College Street, Southwest 13th Avenue to Southwest 16th Avenue", 50)
    'SW College St, SW 13th Ave to SW 16th Ave'
    >>> brief("Southwest College Street, Southwest 13th Avenue to Southwest 16th Avenue", 15)
    'SW College St'
    >>> brief("Kaiserin-Augusta-Allee Ecke Gotzkowskystrasse", 30)
    'Kaiserin-Augusta-Allee Ecke'
    """
    line = plain(name)
    signed = re.sub(r"\w+", lambda word: _SIGNED.get(word[0], word[0]), line)
    forms = (line, signed, signed.partition(",")[0])
    fitting = next((form for form in forms if len(form.encode()) <= octets), None)
    if fitting is not None:
        return fitting
    words = forms[-1].split(" ")
    while len(words) > 1 and (
        len(" ".join(words).encode()) > octets or words[-1].lower() in _JOINING_WORDS
    ):
        words.pop()
    whole = " ".join(words)
    return whole if 2 * len(whole.encode()) >= octets else forms[-1]


def short(text: str, octets: int) -> str:
    """Return the beginning of ``plain(text)`` in at most ``octets`` bytes of UTF-8.

    It is cut at whole characters, without a mark: a watch has no byte to spare.

    >>> short("Hügelweg", 5), short("坂道", 5)
    ('Hüge', '坂')
    """
    line = plain(text)
    kept = line.encode()[:octets].decode(errors="ignore")
    return kept if kept == line else kept.rstrip(_JOINERS + " ")


def is_right_to_left(text: str) -> bool:
    """Return whether some of ``text`` is written from right to left."""
    return any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text)


def _shown_letter(letter: str) -> str:
    """Return what stands for one character: itself, a space, or nothing."""
    if letter.isspace():
        return " "
    if letter in _JOINERS:
        return letter
    code = ord(letter)
    no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return "" if no_character or unicodedata.category(letter) in {"Cc", "Cf", "Cs"} else letter
