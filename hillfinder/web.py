"""The one door to the network: what is asked, how often, what is kept, what is said on failure.

A reply is checked before it is kept and again when it is read back; what fails is asked for again,
politely and not for ever. OSMnx's requests pass through here as well, and nothing else touches its
settings.
"""

from __future__ import annotations

import math
import os
import socket
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha1, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from hillfinder.errors import DataError, InputError, OfflineError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from requests import PreparedRequest, Response

    Check = Callable[[bytes], None]

PROJECT_URL = "https://github.com/hillfinder/hillfinder"
#: The streets of a dense city within 4 km are 20 MB: far beyond that it is no answer of ours.
LARGEST_REPLY = 64 * 2**20
#: A service that asks for a longer pause is left alone, and the user told.
LONGEST_WAIT_S = 60.0
CONNECT_S = 10.0
#: Written into every question to Overpass: less than the door waits, so that it says what is wrong.
OVERPASS_WORKS_S = 50
NOT_FOUND, BUSY, FAILING = 404, (429, 503, 504), (500, 502)
PARTIAL = 206
#: The attributes of ``Web`` that are addresses.
ADDRESSES = (
    "overpass_url",
    "nominatim_url",
    "terrarium_url",
    "mapterhorn_url",
    "usgs_url",
    "copernicus_url",
)
#: Put before an address, it leaves OSMnx no host to look up.
_NOWHERE = "http://127.0.0.1/"
_ONE_AT_A_TIME = threading.RLock()  # OSMnx's settings are global

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """A service, in the words a person is told about it.

    Attributes:
        name: what it is called.
        gives: what it is asked for, with its verb.
        instead: what can be done without it, beginning with a verb.
        pause_s: the least wait after it has said that it is busy, in seconds.
        credit: what has to be said of its makers wherever its data goes.
    """

    name: str
    gives: str
    instead: str
    pause_s: float = 1.0
    credit: str = ""


def _cache_dir() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("hillfinder", appauthor=False)


@dataclass(frozen=True, slots=True)
class Web:
    """The network as hillfinder may use it.

    Attributes:
        offline: nothing is sent; what was kept is still read.
        cache_dir: where replies are kept. Where it cannot be written, nothing is kept.
        overpass_url, nominatim_url: base addresses of the two services.
        terrarium_url, mapterhorn_url: addresses of elevation tiles, with ``{z}``, ``{x}``, ``{y}``.
        usgs_url, copernicus_url: addresses of elevation files, a degree each, with ``{tile}``.
        timeout_s: how long a service may be silent, in seconds.
        retry_s: the least waits before the second, third, ... try, in seconds.
        sleep: called with seconds for each such wait.

    Raises:
        InputError: an address is none.
    """

    offline: bool = False
    cache_dir: Path = field(default_factory=_cache_dir)
    overpass_url: str = "https://overpass-api.de/api"
    nominatim_url: str = "https://nominatim.openstreetmap.org"
    terrarium_url: str = "https://s3.amazonaws.com/elevation-tiles-prod/terrarium/{z}/{x}/{y}.png"
    mapterhorn_url: str = "https://tiles.mapterhorn.com/{z}/{x}/{y}.webp"
    usgs_url: str = (
        "https://prd-tnm.s3.amazonaws.com/StagedProducts/Elevation/13/TIFF/current/"
        "{tile}/USGS_13_{tile}.tif"
    )
    copernicus_url: str = "https://copernicus-dem-30m.s3.amazonaws.com/{tile}/{tile}.tif"
    timeout_s: float = 60.0
    retry_s: tuple[float, ...] = (1.0, 5.0)
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Refuse addresses that cannot be asked."""
        for url in (getattr(self, name) for name in ADDRESSES):
            try:
                parts = urlsplit(url)
                usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
            except ValueError:
                usable = False
            if not usable or " " in url:
                msg = f'"{url}" is no address of a service: it must begin with https:// and a host.'
                raise InputError(msg)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, *, offline: bool = False
    ) -> Web:
        """Return a door as the environment sets it up, switched off in any case if ``offline``.

        ``HILLFINDER_OFFLINE=1`` switches the network off. ``HILLFINDER_CACHE_DIR`` and
        ``HILLFINDER_OVERPASS_URL``, ``HILLFINDER_USGS_URL`` and so on replace the attributes of
        those names.
        """
        given: dict[str, Any] = {
            name: value
            for name in ("cache_dir", *ADDRESSES)
            if (value := environ.get(f"HILLFINDER_{name.upper()}", "").strip())
        }
        folder = given.pop("cache_dir", "")
        switch = environ.get("HILLFINDER_OFFLINE", "").strip().lower()
        return cls(
            offline=offline or switch not in {"", "0", "false", "no", "off"},
            cache_dir=Path(folder).expanduser() if folder else _cache_dir(),
            **given,
        )

    def fetch(
        self,
        url: str,
        *,
        check: Check,
        suffix: str,
        service: Service,
        header: str = "",
        absent: bytes | None = None,
    ) -> bytes:
        """Return what lies at ``url``, from the cache if it was fetched before.

        Args:
            url: the address, by which the reply is kept too.
            check: raises ``DataError`` for bytes that are not what was asked for. Another error
                it raises goes through to the caller, and nothing is kept.
            suffix: ending of the file in the cache, such as ``.png``.
            service: whom to name when it fails.
            header: names of reply headers, parted by a space, whose values are put before the
                body on a line of their own, parted by a tab.
            absent: stands for the reply where the service says that there is nothing.

        Raises:
            ServiceError: the service cannot be reached, refuses, or sends what fails the check.
            OfflineError: it is not kept, and the network is off.
        """

        def ask() -> bytes:
            import requests

            request = requests.Request("GET", url, headers=_headers()).prepare()
            return self._answer(request, check, service, header, absent)

        return self.kept(url, ask, check=check, suffix=suffix, service=service)

    def part(
        self, url: str, first: int, last: int, *, service: Service, absent: bytes
    ) -> tuple[str, int, bytes]:
        """Fetch a part of the file at ``url``; keep nothing.

        Args:
            url: the address.
            first: number of its first byte, from 0.
            last: number of its last byte, which is included; where the file ends before, it ends.
            service: whom to name when it fails.
            absent: returned where the service says that there is no such file.

        Returns:
            The version of the file as its ``ETag`` names it, the size of the whole, the bytes.

        Raises:
            ServiceError: as ``fetch``, and where the service sends no parts of files.
        """
        import requests

        def split(reply: bytes) -> tuple[str, int, bytes]:
            before, _, data = reply.partition(b"\n")
            version, _, span = before.decode().partition("\t")
            begins, _, size = span.partition("/")
            end = min(last, int(size) - 1) if size.isdecimal() else -1
            if begins != f"bytes {first}-{end}" or len(data) != end - first + 1:
                msg = "not the part of the file that was asked for"
                raise DataError(msg)
            return version, int(size), data

        def check(reply: bytes) -> None:
            if reply != absent:
                split(reply)

        span = {**_headers(), "Range": f"bytes={first}-{last}"}
        request = requests.Request("GET", url, headers=span).prepare()
        reply = self._answer(request, check, service, "ETag Content-Range", absent)
        return ("", 0, absent) if reply == absent else split(reply)

    def kept(
        self, key: str, make: Callable[[], bytes], *, check: Check, suffix: str, service: Service
    ) -> bytes:
        """Return what is kept under ``key``; what is not, or fails its check, is made and kept.

        Raises:
            OfflineError: it is not kept, and the network is off.
        """
        path = self.cache_dir / "replies" / f"{sha256(key.encode()).hexdigest()}{suffix}"
        with suppress(OSError, DataError):
            data = path.read_bytes()
            check(data)
            return data
        if self.offline:
            msg = (
                f"The network is switched off, and {service.gives} not kept on this machine: "
                f"search here once with the network on, or {service.instead}."
            )
            raise OfflineError(msg)
        data = make()
        with suppress(OSError):  # a full or read-only disk costs speed, not the answer
            _write(path, data)
        return data

    def osmnx(
        self,
        ask: Callable[[ModuleType], T],
        *,
        check: Check,
        service: Service,
        tags: Sequence[str] = (),
    ) -> T:
        """Return ``ask(osmnx)``: OSMnx words the questions and reads the replies, the door carries.

        Left alone, OSMnx waits without end for a busy server, keeps what it did not check, and
        asks a public name server when the machine's own fails. So it never sends: it is stopped
        where it would, the reply is fetched, checked and laid into a cache folder made for this
        call, and OSMnx is asked again. One call runs at a time; all settings are put back.

        Args:
            ask: called once for each question OSMnx has, and once more.
            check: as for ``fetch``.
            service: whom to name when it fails.
            tags: the way tags a graph shall carry. Ways are drawn once, in their own direction.

        Raises:
            ServiceError: as ``fetch``.
            OfflineError: as ``fetch``.
        """
        import osmnx
        import requests

        with (
            tempfile.TemporaryDirectory(prefix="hillfinder-") as folder,
            _lend_osmnx(
                overpass_url=_NOWHERE + self.overpass_url,
                nominatim_url=_NOWHERE + self.nominatim_url,
                http_user_agent=_headers()["User-Agent"],
                http_referer=PROJECT_URL,
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
                useful_tags_node=[],
            ),
        ):
            while True:
                try:
                    return ask(osmnx)
                except _WouldSendError as stopped:
                    request: PreparedRequest = stopped.args[0]
                # OSMnx names a reply by the SHA-1 of its question, written as one address.
                key = requests.Request("GET", request.url, params=request.body).prepare().url or ""
                name = sha1(key.encode(), usedforsecurity=False).hexdigest()
                path = Path(folder, f"{name}.json")
                if path.exists():
                    msg = f"OSMnx {osmnx.__version__} is not one hillfinder can use: install 2.1."
                    raise ServiceError(msg)
                request.url = (request.url or "").removeprefix(_NOWHERE)
                answer = partial(self._answer, request, check, service)
                key = key.removeprefix(_NOWHERE)
                data = self.kept(key, answer, check=check, suffix=".json", service=service)
                path.write_bytes(data)

    def _answer(
        self,
        request: PreparedRequest,
        check: Check,
        service: Service,
        header: str = "",
        absent: bytes | None = None,
    ) -> bytes:
        """Ask until a good reply comes or patience ends."""
        waits = iter(self.retry_s)
        while True:
            data = b""
            try:
                data = self._once(request, service, header, absent)
                check(data)
            except DataError as error:
                page = (data.partition(b"\n")[2] if header else data).lstrip()[:1] == b"<"
                fault = _Fault("sent a web page, no data" if page else f"sent no data ({error})")
            except _Fault as error:
                fault = error
            else:
                return data
            wait_s = max(fault.wait_s, next(waits, math.inf))
            if wait_s > LONGEST_WAIT_S:
                msg = (
                    f"{service.name} ({urlsplit(request.url or '').netloc}) {fault}, so "
                    f"{service.gives} not to be had now: "
                    f"try again in a few minutes, or {service.instead}."
                )
                raise ServiceError(msg) from fault
            self.sleep(wait_s)

    def _once(
        self, request: PreparedRequest, service: Service, header: str, absent: bytes | None
    ) -> bytes:
        """Ask once."""
        import requests

        cause: Exception
        try:
            with requests.Session() as session:
                around = session.merge_environment_settings(
                    request.url or "", {}, stream=True, verify=None, cert=None
                )
                timeout = (CONNECT_S, self.timeout_s)
                with session.send(request, timeout=timeout, **around) as response:
                    if response.status_code == NOT_FOUND and absent is not None:
                        return absent
                    if not response.ok:
                        raise _refusal(response, service)
                    if "Range" in request.headers and response.status_code != PARTIAL:
                        what = "sends whole files only, not the part that was asked for"
                        raise _Fault(what, math.inf)
                    values = [response.headers.get(name, "") for name in header.split()]
                    before = "\t".join(values) + "\n" if header else ""
                    return before.encode() + _body(response, 5 * self.timeout_s)
        except requests.exceptions.ChunkedEncodingError as error:
            fault, cause = _Fault("broke off in the middle of its answer"), error
        except requests.ReadTimeout as error:
            fault, cause = _Fault(f"did not answer within {self.timeout_s:g} s", math.inf), error
        except requests.ConnectionError as error:
            fault, cause = _Fault("was not reached or fell silent (is this machine online?)"), error
        except requests.RequestException as error:
            fault, cause = _Fault(f"could not be asked ({error})", math.inf), error
        raise fault from cause


class _Fault(Exception):  # noqa: N818 - it never leaves this room
    """A try that failed; ``wait_s`` is how long to wait at least, infinity where it is no use."""

    def __init__(self, what: str, wait_s: float = 0.0) -> None:
        super().__init__(what)
        self.wait_s = wait_s


class _WouldSendError(Exception):
    """OSMnx would now send the request that is the argument."""


def _stop(request: PreparedRequest) -> NoReturn:
    """Stop OSMnx: ``requests`` calls its ``auth`` last, before it opens any connection."""
    raise _WouldSendError(request)


@contextmanager
def _lend_osmnx(**values: object) -> Iterator[None]:
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


def _headers() -> dict[str, str]:
    """Return who asks: services refuse the stock names."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        name = f"hillfinder/{version('hillfinder')}"
    except PackageNotFoundError:  # run from a folder that is not installed
        name = "hillfinder"
    agent = f"{name} (+{PROJECT_URL})"
    return {"User-Agent": agent, "Referer": PROJECT_URL, "Accept-Language": "en"}


def _refusal(response: Response, service: Service) -> _Fault:
    """Return the fault that a status other than success is."""
    from email.utils import mktime_tz, parsedate_tz

    status, later = response.status_code, response.headers.get("Retry-After", "").strip()
    what = f"answered {status} {response.reason or ''}".strip()
    if status not in (*BUSY, *FAILING):
        return _Fault(what, math.inf)
    wait_s = service.pause_s if status in BUSY else 0.0
    if later.isdecimal():  # a number of seconds or a date (RFC 9110, 10.2.3)
        wait_s = max(wait_s, float(later))
    elif date := parsedate_tz(later):
        with suppress(ValueError, OverflowError):  # the 31st of February, the year 99999
            wait_s = max(wait_s, mktime_tz(date) - time.time())
    if wait_s > LONGEST_WAIT_S:
        what += f" and wants to be left alone for {min(wait_s, 86_400.0) / 60:.0f} minutes"
    return _Fault(what, wait_s)


def _body(response: Response, longest_s: float) -> bytes:
    """Read a reply, but neither an endless nor an endlessly slow one."""
    latest = time.monotonic() + longest_s
    data = bytearray()
    for part in response.iter_content(2**16):
        data += part
        if len(data) > LARGEST_REPLY or time.monotonic() > latest:
            what = f"sent more than {LARGEST_REPLY // 2**20} MB, or took too long over it"
            raise _Fault(what, math.inf)
    return bytes(data)


def _write(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
