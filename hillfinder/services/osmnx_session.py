"""OSMnx, lent to whoever asks: its settings, all global, are set and put back here alone."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hillfinder.services import request as asking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from requests import PreparedRequest

#: Written into every question to Overpass: less than the door waits, so that it says what is wrong.
OVERPASS_WORKS_S = 50
#: Put before an address, it leaves OSMnx no host to look up.
_NOWHERE = "http://127.0.0.1/"
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of OSMnx: ``key`` is all of it as one address, ``file`` where it seeks a reply."""

    url: str
    method: str
    body: str | bytes | None
    key: str
    file: str


class WouldSendError(Exception):
    """OSMnx would now send the ``question``."""

    def __init__(self, question: Asked) -> None:
        """Carry it out of OSMnx."""
        super().__init__(question)
        self.question = question


@contextmanager
def lent(
    overpass_url: str, nominatim_url: str, tags: Sequence[str], node_tags: Sequence[str] = ()
) -> Iterator[tuple[ModuleType, Path]]:
    """Give OSMnx, and the folder in which it seeks replies before it asks for them.

    Where it finds none, it raises ``WouldSendError`` and opens no connection.
    """
    import osmnx

    with (
        tempfile.TemporaryDirectory(prefix="hillfinder-", dir=_roomy()) as folder,
        _settings(
            overpass_url=_NOWHERE + overpass_url,
            nominatim_url=_NOWHERE + nominatim_url,
            http_user_agent=asking.headers()["User-Agent"],
            http_referer=asking.PROJECT_URL,
            requests_kwargs={"auth": _stop},
            requests_timeout=OVERPASS_WORKS_S,
            overpass_rate_limit=False,
            doh_url_template=None,
            use_cache=True,
            cache_folder=folder,
            cache_only_mode=False,
            log_console=False,
            log_file=False,
            default_crs="epsg:4326",
            all_oneway=True,
            useful_tags_way=list(tags),
            useful_tags_node=list(node_tags),
        ),
    ):
        yield osmnx, Path(folder)


@contextmanager
def _settings(**values: object) -> Iterator[None]:
    """Give OSMnx these settings, and put everything back."""
    from osmnx import settings

    with _ONE_AT_A_TIME:
        before = {name: getattr(settings, name) for name in values}
        look_up = socket.getaddrinfo  # OSMnx replaces it, and leaves it so
        try:
            vars(settings).update(values)
            yield
        finally:
            vars(settings).update(before)
            socket.getaddrinfo = look_up


def _stop(request: PreparedRequest) -> NoReturn:
    """Stop OSMnx: ``requests`` calls its ``auth`` last, before it opens any connection."""
    import requests

    url = request.url or ""
    # OSMnx names a reply by the SHA-1 of its question, written as one address.
    key = requests.Request("GET", url, params=request.body).prepare().url or ""
    name = sha1(key.encode(), usedforsecurity=False).hexdigest()
    raise WouldSendError(
        Asked(
            url=url.removeprefix(_NOWHERE),
            method=request.method or "GET",
            body=request.body,
            key=key.removeprefix(_NOWHERE),
            file=f"{name}.json",
        )
    )


def _roomy() -> str | None:
    """Return a folder for what OSMnx reads, in memory where the disk is full."""
    for folder in (tempfile.gettempdir, lambda: "/dev/shm"):  # noqa: S108 - only where there is one
        with suppress(OSError):
            if shutil.disk_usage(folder()).free > 2 * asking.LARGEST_REPLY:
                return folder()
    return None
