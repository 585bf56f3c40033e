"""Replies of services in the cache: good ones while there is room, "nothing there" for a day."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING

from hillfinder.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hillfinder.services.disk_cache import Cache
    from hillfinder.services.service import Service

    Check = Callable[[bytes], None]

#: How long a service is believed that it has nothing there, s; offline, for ever.
ABSENT_S = 86_400.0


class Replies:
    """The replies in a cache, as one run of hillfinder may use them."""

    def __init__(self, cache: Cache, *, offline: bool, fresh_from: float) -> None:
        """Read what was written from ``fresh_from`` on, in seconds since 1970."""
        self._cache = cache
        self._offline = offline
        self._fresh_from = fresh_from
        self._answered: set[str] = set()
        self._waiting: dict[str, list[str]] = {}

    @staticmethod
    def name(key: str, suffix: str) -> str:
        """Return where the reply to a question is kept."""
        return f"replies/{sha256(key.encode()).hexdigest()}{suffix}"

    def find(self, name: str, check: Check, absent: bytes | None) -> bytes | None:
        """Return what is kept, good and fresh enough; what fails its check is dropped."""
        found = self._cache.read(name)
        if found is None or found[0].written < self._fresh_from:
            return None
        entry, data = found
        if data == absent and not self._offline and time.time() - entry.written > ABSENT_S:
            return None
        try:
            check(data)
        except DataError:
            self._cache.drop(name)
            return None
        return data

    def drop(self, name: str) -> None:
        """Keep a reply no longer."""
        self._cache.drop(name)

    def keep(self, name: str, data: bytes, service: Service, absent: bytes | None) -> None:
        """Keep a reply of a service; that there is none, once it had another.

        A server that lost all it had says of everything that there is none.
        """
        about = {"of": service.name, "credit": service.credit}
        waiting = self._waiting.setdefault(service.name, [])
        if data == absent:
            waiting.append(name)
            if service.name not in self._answered:
                return
        else:
            self._answered.add(service.name)
            self._cache.write(name, data, about)
        while waiting and absent is not None:
            self._cache.write(waiting.pop(), absent, about)
