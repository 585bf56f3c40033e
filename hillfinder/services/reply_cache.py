"""Cache replies of services: good ones while there is room, "nothing there" for a day."""

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

#: How long a cached "nothing there" is trusted, s; always when offline.
ABSENT_S = 86_400.0


class Replies:
    """The cached replies that one run may use."""

    def __init__(self, cache: Cache, *, offline: bool, fresh_from: float) -> None:
        """Read only replies written from ``fresh_from`` on, in seconds since 1970."""
        self._cache = cache
        self._offline = offline
        self._fresh_from = fresh_from
        self._answered: set[str] = set()
        self._waiting: dict[str, list[str]] = {}

    @staticmethod
    def name(key: str, suffix: str) -> str:
        """Return the name of the cached reply to a question."""
        return f"replies/{sha256(key.encode()).hexdigest()}{suffix}"

    def find(self, name: str, check: Check, absent: bytes | None) -> bytes | None:
        """Return a reply that is good and fresh enough; drop one that fails its check."""
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
        """Remove a reply."""
        self._cache.drop(name)

    def keep(self, name: str, data: bytes, service: Service, absent: bytes | None) -> None:
        """Cache a reply; an ``absent`` one waits until the service has answered something else.

        A server that lost its data has nothing anywhere.
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
