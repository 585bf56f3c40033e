"""Several sources of heights as one: where the first fails or has a hole, the next serves.

Two models of one place differ by metres, roofs and trees in one of them by tens of metres. Where
they meet there is a step, and a step must not become a hill. So nothing is taken from the next
source within ``SEAM_M`` of a height from those before it: a strip without heights lies along every
seam, which no climb crosses.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.earth import EARTH_RADIUS_M
from hillfinder.elevation.heights import worst_kind
from hillfinder.elevation.proximity import may_meet
from hillfinder.elevation.vertical_units import differ_by_a_unit, other_unit
from hillfinder.errors import HeightsError, HillfinderError, OfflineError, ServiceError
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Bools, Floats, Ints

_log = logging.getLogger(__name__)
#: Width of the strip without heights along a seam, m: two cells of a 30 m model, and six samples
#: along a street.
SEAM_M = 60.0
#: Least share of the points that a source must serve. A smaller one, as on a pier beyond which a
#: model ends, stays open: a few heights from a worse model would widen the margin of all.
LEAST_SHARE_SERVED = 0.01
#: Points at which two sources are compared where one does not state the unit of its heights.
PROBES = 100


class Chain:
    """Sources of heights, best first.

    After a call, ``source`` tells what served it: the shares of the points, the worst kind and the
    coarsest cell of what was used, every credit, and which sources failed.
    """

    def __init__(self, sources: Sequence[Heights]) -> None:
        """Ask ``sources`` in this order; there is at least one, and chains are taken apart."""
        links = [source.links if isinstance(source, Chain) else [source] for source in sources]
        self.links: list[Heights] = [source for each in links for source in each]
        self._used: list[tuple[HeightSource, float]] = []
        self._failed: list[tuple[str, HillfinderError]] = []

    @property
    def source(self) -> HeightSource:
        """What served the last call; where nothing did, what would be asked, the first first."""
        if not self._used:
            names = ", ".join(source.source.name for source in self.links)
            return replace(self.links[0].source, name=names)
        whole = len(self._used) == 1 and self._used[0][1] > 1 - LEAST_SHARE_SERVED
        served = [
            source.name if whole else f"{source.name} ({_percent(share)})"
            for source, share in self._used
        ]
        without = [f"without {name} ({why(error)})" for name, error in self._failed]
        credits_ = dict.fromkeys(source.attribution for source, _ in self._used)
        return HeightSource(
            name="; ".join([", ".join(served), *without]),
            kind=worst_kind(source.kind for source, _ in self._used),
            cell_m=max(source.cell_m for source, _ in self._used),
            attribution="; ".join(credit for credit in credits_ if credit) or None,
        )

    @property
    def key(self) -> str | None:
        """Return what the heights depend on, as a key to cache profiles by.

        There is none where a source has none, or failed: the next time it may serve.
        """
        keys = [getattr(source, "key", None) for source in self.links]
        known = [key for key in keys if key]
        return "; then ".join(known) if len(known) == len(keys) and not self._failed else None

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights at points, NaN where no source knows one, and along the seams.

        Raises:
            HillfinderError: no source knew a height, and at least one failed; of its kind.
        """
        read = np.full(len(lon), np.nan)
        self._used, self._failed = [], []
        broken: set[str] = set()
        served: list[Heights] = []
        for source in self.links:
            server = getattr(source, "server", "")
            if server in broken:
                continue
            todo = _still_open(lon, lat, read)
            if len(todo) == 0 or len(todo) < LEAST_SHARE_SERVED * len(read):
                break
            name = source.source.name
            # Read where heights are known already, too: one of the two may be in feet.
            doubtful = [
                each for each in (*served, source) if getattr(each, "assumes_metres", False)
            ]
            probe = _probes(read) if served and doubtful else todo[:0]
            try:
                got, again = np.split(
                    source(lon[ask := np.concatenate([todo, probe])], lat[ask]), [len(todo)]
                )
            except (HeightsError, ServiceError) as error:
                _log.info("skipped %s: %s", name, why(error).partition(" (")[0])
                self._failed.append((name, error))
                broken |= {server} - {""}
                continue
            if differ_by_a_unit(read[probe], again):
                other = source if doubtful[0] is served[0] else served[0]
                raise other_unit(doubtful[0].source.name, other.source.name)
            share = float((~np.isnan(got)).sum()) / len(read)
            _log.info("%s: heights at %s of %d points", name, _percent(share), len(read))
            if share >= LEAST_SHARE_SERVED or (share and not self._used):
                read[todo] = got
                self._used.append((source.source, share))
                served.append(source)
        if self._failed and not self._used:
            raise _one_error([error for _, error in self._failed])
        return read


def _probes(read: Floats) -> Ints:
    """Return some points whose heights are known, spread over all."""
    known = np.flatnonzero(~np.isnan(read))
    return known[:: max(1, len(known) // PROBES)]


def why(error: HillfinderError) -> str:
    """Return in a few words why a source could not serve."""
    if isinstance(error, OfflineError):
        return "not kept here, and the network is off"
    if isinstance(error, ServiceError) and error.__cause__:
        return str(error.__cause__)
    return str(error).partition(": ")[0]


def _still_open(lon: Floats, lat: Floats, read: Floats) -> Ints:
    """Return which points have no height yet and lie off all that have one."""
    todo = np.isnan(read)
    nowhere: Bools = ~(np.isfinite(lon) & np.isfinite(lat))
    todo &= ~nowhere
    known = ~todo & ~nowhere
    if not (todo.any() and known.any()):
        return np.flatnonzero(todo)
    from scipy.spatial import cKDTree

    points, others = _may_meet(lon, lat, np.flatnonzero(todo), np.flatnonzero(known))
    far, _ = cKDTree(_on_the_globe(lon[others], lat[others])).query(
        _on_the_globe(lon[points], lat[points]), distance_upper_bound=SEAM_M
    )
    todo[points[np.isfinite(far)]] = False
    return np.flatnonzero(todo)


def _may_meet(lon: Floats, lat: Floats, points: Ints, others: Ints) -> tuple[Ints, Ints]:
    """Return those of the points and of the others that may lie on one seam."""
    # On a map that shows no two of them farther apart than they are.
    here, there = lon[points[0]], np.concatenate([points, others])
    east, north = lon[there] - here, lat[there]
    if np.abs(east).max() > 180.0:
        east = (east + 180.0) % 360.0 - 180.0
    if np.ptp(east) > 180.0:
        return points, others
    metres = np.radians(EARTH_RADIUS_M)
    x, y = metres * np.cos(np.radians(np.abs(north).max())) * east, metres * north
    count = len(points)
    near, of_others = may_meet((x[:count], y[:count]), (x[count:], y[count:]), 1.001 * SEAM_M)
    return points[near], others[of_others]


def _on_the_globe(lon: Floats, lat: Floats) -> Floats:
    """Return points in metres from the middle of the earth, where no meridian is an edge."""
    lon, lat = np.radians(lon), np.radians(lat)
    flat = np.cos(lat)
    return EARTH_RADIUS_M * np.column_stack([flat * np.cos(lon), flat * np.sin(lon), np.sin(lat)])


def _percent(share: float) -> str:
    """Return a share as a person reads it: never 100 % of a mixture, nor 0.

    >>> _percent(0.9999), _percent(0.42), _percent(0.001)
    ('99 %', '42 %', '1 %')
    """
    return f"{min(max(round(100 * share), 1), 99)} %"


def _one_error(errors: Sequence[HillfinderError]) -> HillfinderError:
    """Return one error for several: of the kind that tells a person most."""
    if len(errors) == 1:
        return errors[0]
    text = " ".join(dict.fromkeys(map(str, errors)))
    kind: type[HillfinderError] = HeightsError
    if all(isinstance(error, OfflineError) for error in errors):
        kind = OfflineError
    elif any(isinstance(error, ServiceError) for error in errors):
        kind = ServiceError
    joined = kind(text)
    joined.__cause__ = errors[0].__cause__
    return joined
