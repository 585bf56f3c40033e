"""The earth's measures, and the projection that web maps share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model import Floats

#: Mean radius of the earth, m.
EARTH_RADIUS_M = 6_371_009.0
#: Length of a degree of latitude on that sphere, m.
METRES_PER_DEGREE = 111_195.0
#: Circumference of the WGS 84 equator, m.
EQUATOR_M = 40_075_016.7


def web_mercator(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Project points to the square of a web map (spherical Mercator, EPSG:3857).

    Args:
        lon: degrees east, shape (n,).
        lat: degrees north, shape (n,).

    Returns:
        Shares of the map's side from its west and from its north edge, shape (n,) each: 0 to 1
        within 180 degrees of longitude and 85.05 of latitude.

    >>> x, y = web_mercator(np.array([-180.0, 90.0]), np.array([0.0, 66.51326]))
    >>> x.tolist(), y.round(6).tolist()
    ([0.0, 0.75], [0.5, 0.25])
    """
    return (lon + 180.0) / 360.0, (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
