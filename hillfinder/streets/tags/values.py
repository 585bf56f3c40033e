"""Values of OpenStreetMap tags as mappers write them: lists, capitals, blanks."""

from __future__ import annotations

#: Values that say a thing is not so, for every key that can be "yes".
NO = frozenset({"", "no", "none", "false", "0"})


def parts(value: str | None) -> list[str]:
    """Return the values of a list, in lower case and without blanks.

    >>> parts("Asphalt; sand"), parts(None)
    (['asphalt', 'sand'], [''])
    """
    if not value or ";" not in value:
        return [(value or "").strip().lower()]
    return [part.strip() for part in value.lower().split(";")]
