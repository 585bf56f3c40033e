"""What a caller gives as heights, as one source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hillfinder.elevation.sources.fallback import Chain
from hillfinder.errors import InputError
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Place
    from hillfinder.services.client import Web

    GivenHeights: TypeAlias = Heights | Path | str | Sequence[Path | str]


def heights_from(
    given: GivenHeights | None, elevation: str | None, place: Place, web: Web
) -> Heights:
    """Return what is given, then the services asked for, as one source of heights.

    Args:
        given: elevation files, or any ``Heights``.
        elevation: the name of a service; ``None`` is ``auto`` where nothing is given.
        place: where heights are wanted.
        web: the network.

    Raises:
        InputError: it cannot hold heights, or no service has that name.
    """
    sources: list[Heights] = []
    if callable(given):
        if not isinstance(getattr(given, "source", None), HeightSource):
            msg = (
                f"{given!r} does not say what its heights are: give it an attribute source, "
                'such as HeightSource("my model", "bare earth", cell_m=10.0).'
            )
            raise InputError(msg)
        sources.append(given)
    elif given is not None:
        from hillfinder.elevation.sources.raster_file.raster import Raster

        if isinstance(given, Mapping | bytes) or not isinstance(given, Path | str | Iterable):
            msg = f"{given!r} is no elevation model: give the path of a file, several, or Heights."
            raise InputError(msg)
        sources.append(Raster([given] if isinstance(given, Path | str) else given))
    if elevation is not None or not sources:
        from hillfinder.elevation.sources.registry import AUTO
        from hillfinder.elevation.sources.selection import choose

        sources += choose(elevation or AUTO, place, web)
    return Chain(sources)
