"""Names from a map that anyone can edit, made safe to show: on a terminal, in a file, anywhere."""

from __future__ import annotations

import unicodedata

#: Persian and the languages of India spell with these two; all other format characters go.
_JOINERS = "\u200c\u200d"


def plain(text: str, limit: int | None = None) -> str:
    r"""Return ``text`` as one line without anything that steers what shows it.

    Control characters (terminal escapes begin with one), overrides of the writing direction,
    invisible format characters, lone surrogates and non-characters are dropped; every run of
    white space becomes one space. What is left may stand in XML, once escaped.

    Args:
        text: as it came.
        limit: how many characters are kept, the ``…`` that marks a cut included.

    >>> plain("SW \x1b[31mVista\nAvenue\u202e")
    'SW [31mVista Avenue'
    >>> plain("Llanfairpwllgwyngyll", 8)
    'Llanfai…'
    """
    line = " ".join("".join(map(_shown, text)).split()).strip(_JOINERS + " ")
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip(_JOINERS + " ") + "…"
    return line


def short(text: str, octets: int) -> str:
    """Return the beginning of ``text`` as ``plain`` shows it, in so many bytes of UTF-8 at most.

    It is cut at whole characters, and not marked: where bytes are scarce a letter is worth more.

    >>> short("Hügelweg", 5), short("坂道", 5)
    ('Hüge', '坂')
    """
    line = plain(text)
    kept = line.encode()[:octets].decode(errors="ignore")
    return kept if kept == line else kept.rstrip(_JOINERS + " ")


def is_right_to_left(text: str) -> bool:
    """Say whether some of ``text`` is written from right to left."""
    return any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text)


def _shown(letter: str) -> str:
    """Return what stands for one character: itself, a space, or nothing."""
    if letter.isspace():
        return " "
    if letter in _JOINERS:
        return letter
    code = ord(letter)
    no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return "" if no_character or unicodedata.category(letter) in {"Cc", "Cf", "Cs"} else letter
