"""Run OSMnx without its network: its global settings are set and put back here alone."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from hillfinder.errors import ServiceError
from hillfinder.services import request
from hillfinder.services.request import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from requests import PreparedRequest

    from hillfinder.services.client import Web
    from hillfinder.services.service import Service

Result = TypeVar("Result")

#: Time limit in every question to Overpass, s: less than ``Web`` waits, so that Overpass says what
#: is wrong.
OVERPASS_WORKS_S = 50
#: Put before an address, it leaves OSMnx no host to look up.
_NOWHERE = "http://127.0.0.1/"
_ONE_AT_A_TIME = threading.RLock()


@dataclass
class _WouldSendError(Exception):
    """OSMnx would now send a question, all of which is ``key``, and found no reply in ``file``."""

    url: str
    method: str
    body: str | bytes | None
    key: str
    file: str


def run(
    web: Web,
    ask: Callable[[ModuleType], Result],
    *,
    service: Service,
    check: Callable[[bytes], None],
    tags: Sequence[str] = (),
    node_tags: Sequence[str] = (),
    amend: Callable[[str], str] = str,
) -> Result:
    """Return ``ask(osmnx)``: OSMnx words the questions and reads the replies, ``web`` carries.

    Left alone, OSMnx waits without end for a busy server, keeps what it did not check, and asks a
    public name server when the machine's own fails. So it never sends: it is stopped where it
    would, ``web`` gets the reply, which is laid into a cache folder made for this call, and OSMnx
    is asked again. One call runs at a time; all settings are put back.

    Args:
        web: the client.
        ask: called once for each question OSMnx has, and once more.
        service: whom OSMnx asks; each of its servers may answer.
        check: as for ``Question``.
        tags: the way tags a graph shall carry. Ways are drawn once, in their own direction.
        node_tags: the tags that its nodes shall carry.
        amend: from the address that OSMnx would ask to the one that is asked.

    Raises:
        ServiceError: as ``Web.get``, and where OSMnx does not read its cache.
        OfflineError: as ``Web.get``.
    """
    first, *others = web.urls(service)
    with _offline_osmnx(first, tags, node_tags) as (osmnx, folder):
        while True:
            try:
                return ask(osmnx)
            except _WouldSendError as stopped:
                asked = stopped
            path = folder / asked.file
            if path.exists():
                msg = f"OSMnx {osmnx.__version__} is not one hillfinder can use: install 2.1."
                raise ServiceError(msg)
            url = amend(asked.url)
            data = web.get(
                Question(
                    service=service,
                    urls=(url, *(url.replace(first, other, 1) for other in others)),
                    method=asked.method,
                    body=asked.body,
                    check=check,
                    key=amend(asked.key),
                    suffix=".json",
                )
            )
            path.write_bytes(data)


@contextmanager
def _offline_osmnx(
    url: str, tags: Sequence[str], node_tags: Sequence[str]
) -> Iterator[tuple[ModuleType, Path]]:
    """Give OSMnx, and the folder in which it seeks replies before it asks ``url`` for them.

    Where it finds none, it raises ``_WouldSendError`` and opens no connection.
    """
    import osmnx

    with (
        tempfile.TemporaryDirectory(prefix="hillfinder-", dir=_roomy()) as folder,
        _osmnx_settings(
            overpass_url=_NOWHERE + url,
            nominatim_url=_NOWHERE + url,
            http_user_agent=request.headers()["User-Agent"],
            http_referer=request.PROJECT_URL,
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
def _osmnx_settings(**values: object) -> Iterator[None]:
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


def _stop(prepared: PreparedRequest) -> NoReturn:
    """Stop OSMnx: ``requests`` calls its ``auth`` last, before it opens any connection."""
    import requests

    url = prepared.url or ""
    # OSMnx names a reply by the SHA-1 of its question, written as one address.
    key = requests.Request("GET", url, params=prepared.body).prepare().url or ""
    name = sha1(key.encode(), usedforsecurity=False).hexdigest()
    raise _WouldSendError(
        url=url.removeprefix(_NOWHERE),
        method=prepared.method or "GET",
        body=prepared.body,
        key=key.removeprefix(_NOWHERE),
        file=f"{name}.json",
    )


def _roomy() -> str | None:
    """Return a folder for what OSMnx reads, in memory where the disk is full."""
    for folder in (tempfile.gettempdir, lambda: "/dev/shm"):  # noqa: S108 - only where there is one
        with suppress(OSError):
            if shutil.disk_usage(folder()).free > 2 * request.LARGEST_REPLY:
                return folder()
    return None
