"""The one door to the network: what is asked, how often, what is kept, what is said on failure.

A reply is checked before it is kept and again when it is read back; what fails is asked for again,
politely and not for ever. OSMnx's requests pass through here as well, and nothing else touches its
settings.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from hillfinder.errors import DataError, InputError, OfflineError, ServiceError
from hillfinder.progress import Progress
from hillfinder.services import osmnx_session as lending
from hillfinder.services import request as asking
from hillfinder.services.disk_cache import Busy, Cache
from hillfinder.services.reply_cache import Replies
from hillfinder.services.request import LONGEST_WAIT_S, Fault, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from hillfinder.services.reply_cache import Check

#: What ``Web`` has an address for, and the environment may give another.
ADDRESSES = (
    "overpass_url",
    "nominatim_url",
    "terrarium_url",
    "mapterhorn_url",
    "usgs_url",
    "copernicus_url",
    "openmeteo_url",
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """A service, in the words a person is told about it.

    Attributes:
        name: what it is called.
        gives: what it is asked for, with its verb.
        instead: what can be done without it, beginning with a verb.
        pause_s: the least wait after it has said that it is busy, in seconds.
        apart_s: the least time between two questions from this machine, asked one at a time, in
            seconds; ``None`` where several may be asked at once.
        credit: what has to be said of its makers wherever its data goes.
    """

    name: str
    gives: str
    instead: str
    pause_s: float = 1.0
    apart_s: float | None = None
    credit: str = ""


def _cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    given = environ.get("HILLFINDER_CACHE_DIR", "").strip()
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("hillfinder", appauthor=False)


@dataclass(frozen=True, slots=True)
class Web:
    """The network as hillfinder may use it.

    Attributes:
        offline: nothing is sent; what was kept is still read.
        cache_dir: where replies are kept. Where it cannot be written, nothing is kept.
        cache_mb: how much is kept; what was not used for longest goes first.
        overpass_url: base address of Overpass, or several, with commas between: the next is asked
            where one fails.
        nominatim_url: base address of Nominatim.
        terrarium_url, mapterhorn_url: addresses of elevation tiles, with ``{z}``, ``{x}``, ``{y}``.
        usgs_url, copernicus_url: addresses of elevation files, a degree each, with ``{tile}``.
        openmeteo_url: address of Open-Meteo.
        timeout_s: how long a service may be silent, in seconds.
        patience_s: how long one question may take with all its tries and waits, in seconds.
        retry_s: the least waits before the second, third, ... try, in seconds.
        fresh_from: what was kept before is not read; seconds since 1970.
        sleep: called with seconds for each such wait.
        progress: told what is going on.
        cache: what is kept.

    Raises:
        InputError: an address is none, or a number makes no sense.
    """

    offline: bool = False
    cache_dir: Path = field(default_factory=_cache_dir)
    cache_mb: float = 500.0
    overpass_url: str = "https://overpass-api.de/api,https://overpass.private.coffee/api"
    nominatim_url: str = "https://nominatim.openstreetmap.org"
    terrarium_url: str = "https://s3.amazonaws.com/elevation-tiles-prod/terrarium/{z}/{x}/{y}.png"
    mapterhorn_url: str = "https://tiles.mapterhorn.com/{z}/{x}/{y}.webp"
    usgs_url: str = (
        "https://prd-tnm.s3.amazonaws.com/StagedProducts/Elevation/13/TIFF/current/"
        "{tile}/USGS_13_{tile}.tif"
    )
    copernicus_url: str = "https://copernicus-dem-30m.s3.amazonaws.com/{tile}/{tile}.tif"
    openmeteo_url: str = "https://api.open-meteo.com"
    timeout_s: float = 60.0
    patience_s: float = 300.0
    retry_s: tuple[float, ...] = (1.0, 5.0)
    fresh_from: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    progress: Progress = field(default_factory=Progress, compare=False)
    cache: Cache = field(init=False, repr=False, compare=False)
    _failed: set[str] = field(init=False, repr=False, compare=False, default_factory=set)
    _replies: Replies = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse addresses that cannot be asked."""
        others = (getattr(self, name) for name in ADDRESSES if name != "overpass_url")
        for url in (*self.overpass_urls, *others):
            try:
                parts = urlsplit(url)
                usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
            except ValueError:
                usable = False
            if not usable or " " in url:
                msg = f'"{url}" is no address of a service: it must begin with https:// and a host.'
                raise InputError(msg)
        if self.offline and self.fresh_from:
            msg = (
                "With the network switched off nothing can be fetched anew: leave out --refresh, "
                "or switch it on (--offline, HILLFINDER_OFFLINE)."
            )
            raise InputError(msg)
        limit = int(self.cache_mb * 2**20)
        cache = Cache(self.cache_dir, limit, self.progress.say)
        replies = Replies(cache, offline=self.offline, fresh_from=self.fresh_from)
        object.__setattr__(self, "cache", cache)
        object.__setattr__(self, "_replies", replies)

    @property
    def overpass_urls(self) -> tuple[str, ...]:
        """The addresses of Overpass, the first to be asked first; OSMnx adds the last word."""
        urls = (url.strip().rstrip("/") for url in self.overpass_url.split(","))
        return tuple(url.removesuffix("/interpreter") for url in urls)

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str] = os.environ,
        *,
        offline: bool = False,
        refresh: bool = False,
        overpass_url: str | None = None,
        progress: Progress | None = None,
    ) -> Web:
        """Return a door as the environment sets it up.

        ``HILLFINDER_OFFLINE=1`` switches the network off. ``HILLFINDER_CACHE_DIR``,
        ``HILLFINDER_CACHE_MB``, ``HILLFINDER_TIMEOUT_S`` and the names of ``ADDRESSES``, such as
        ``HILLFINDER_OVERPASS_URL``, replace the attributes of those names.

        Args:
            environ: the environment.
            offline: the network is off, whatever the environment says.
            refresh: nothing that was kept before this moment is read.
            overpass_url: goes before that of the environment.
            progress: told what is going on.
        """
        given: dict[str, Any] = {"cache_dir": _cache_dir(environ)}
        for name in (*ADDRESSES, "cache_mb", "timeout_s"):
            value = environ.get(f"HILLFINDER_{name.upper()}", "").strip()
            if value and name in ADDRESSES:
                given[name] = value
            elif value:
                given[name] = _number(f"HILLFINDER_{name.upper()}", value)
        if overpass_url is not None:
            given["overpass_url"] = overpass_url
        switch = environ.get("HILLFINDER_OFFLINE", "").strip().lower()
        return cls(
            offline=offline or switch not in {"", "0", "false", "no", "off"},
            fresh_from=time.time() if refresh else 0.0,
            progress=progress or Progress(),
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
        empty: Callable[[bytes], bool] | None = None,
        key: str = "",
    ) -> bytes:
        """Return what lies at ``url``, from the cache if it was fetched before.

        Args:
            url: the address, by which the reply is kept too, unless there is a ``key``.
            check: raises ``DataError`` for bytes that are not what was asked for. Another error
                it raises goes through to the caller, and nothing is kept.
            suffix: ending of the file in the cache, such as ``.png``.
            service: whom to name when it fails.
            header: names of reply headers, parted by a space, whose values are put before the
                body on a line of their own, parted by a tab.
            absent: stands for the reply where the service says that there is nothing.
            empty: tells whether a reply has nothing in it, so that ``absent`` stands for it too.
            key: by what the reply is kept, where the address always leads to the latest.

        Raises:
            ServiceError: the service cannot be reached, refuses, or sends what fails the check.
            OfflineError: it is not kept, and the network is off.
        """
        question = Question(url, header=header, absent=absent)

        def ask() -> bytes:
            reply = self._answer([question], check, service)
            if absent is None or empty is None or reply == absent:
                return reply
            return absent if empty(reply) else reply

        key = key or url
        return self.kept(key, ask, check=check, suffix=suffix, service=service, absent=absent)

    def forget(self, url: str, *, suffix: str) -> None:
        """Keep no longer what was fetched from ``url``: it proved to be wrong later on.

        Offline it stays, for nothing better can be had.
        """
        if not self.offline:
            self._replies.drop(self._replies.name(url, suffix))

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

        span = {"Range": f"bytes={first}-{last}"}
        question = Question(url, headers=span, header="ETag Content-Range", absent=absent)
        reply = self._answer([question], check, service)
        return ("", 0, absent) if reply == absent else split(reply)

    def kept(
        self,
        key: str,
        make: Callable[[], bytes],
        *,
        check: Check,
        suffix: str,
        service: Service,
        absent: bytes | None = None,
    ) -> bytes:
        """Return what is kept under ``key``; what is not, or fails its check, is made and kept.

        Of a service that is asked one question at a time, what another process asks for at the
        same moment is waited for, and then read.

        Raises:
            ServiceError: another process has been asking for longer than anybody waits.
            OfflineError: it is not kept, and the network is off.
        """
        name = self._replies.name(key, suffix)
        data = self._replies.find(name, check, absent)
        if data is not None:
            return data
        if self.offline:
            msg = (
                f"The network is switched off, and {service.gives} not kept on this machine: "
                f"search here once with the network on, or {service.instead}."
            )
            raise OfflineError(msg)
        with self._turn(service):
            data = self._replies.find(name, check, absent)
            if data is None:
                data = make()
                self._replies.keep(name, data, service, absent)
        return data

    def ask(self, url: str, service: Service, timeout_s: float, span: str = "") -> bytes:
        """Return what lies at ``url`` now, or a ``span`` of it, asked once; nothing is kept.

        Raises:
            ServiceError: it cannot be had; the message is what the service did.
            OfflineError: the network is off.
        """
        if self.offline:
            msg = "the network is switched off"
            raise OfflineError(msg)
        try:
            question = Question(url, headers={"Range": span} if span else {})
            return asking.once(question, timeout_s, timeout_s, service.pause_s, lambda _: None)
        except Fault as fault:
            raise ServiceError(str(fault)) from fault

    def osmnx(
        self,
        ask: Callable[[ModuleType], T],
        *,
        check: Check,
        service: Service,
        tags: Sequence[str] = (),
        node_tags: Sequence[str] = (),
        amend: Callable[[str], str] = str,
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
            node_tags: the tags that its nodes shall carry.
            amend: from the address that OSMnx would ask to the one that is asked.

        Raises:
            ServiceError: as ``fetch``.
            OfflineError: as ``fetch``.
        """
        first = self.overpass_urls[0]
        with lending.lent(first, self.nominatim_url, tags, node_tags) as (osmnx, folder):
            while True:
                try:
                    return ask(osmnx)
                except lending.WouldSendError as stopped:
                    asked = stopped.question
                path = folder / asked.file
                if path.exists():
                    msg = f"OSMnx {osmnx.__version__} is not one hillfinder can use: install 2.1."
                    raise ServiceError(msg)
                url = amend(asked.url)
                mirrors = self.overpass_urls if url.startswith(f"{first}/") else (first,)
                questions = [
                    Question(url.replace(first, mirror, 1), asked.method, asked.body)
                    for mirror in mirrors
                ]
                answer = partial(self._answer, questions, check, service)
                key = amend(asked.key)
                data = self.kept(key, answer, check=check, suffix=".json", service=service)
                path.write_bytes(data)

    @contextmanager
    def _turn(self, service: Service) -> Iterator[None]:
        """Wait for the turn to ask, where one question is asked at a time."""
        if service.apart_s is None:
            yield
            return

        why = f"Another search on this machine is asking {service.name}"

        def busy() -> None:
            self.progress.waiting(why, self.patience_s)

        name = "".join(letter for letter in service.name.lower() if letter.isalnum())
        with ExitStack() as stack:
            try:
                stack.enter_context(
                    self.cache.turn(name, self.patience_s, service.apart_s, busy, self.sleep)
                )
            except Busy as error:
                msg = (
                    f"Another search on this machine has been asking {service.name} for "
                    f"{self.patience_s / 60:.0f} minutes: wait for it or end it, or "
                    f"{service.instead}."
                )
                raise ServiceError(msg) from error
            self.progress.waiting(why, 0.0)
            yield

    def _answer(self, questions: Sequence[Question], check: Check, service: Service) -> bytes:
        """Ask until a good reply comes or patience ends, and the next server where one fails.

        Args:
            questions: the same one, put to each server that may be asked.
            check: as for ``fetch``.
            service: whom to name.
        """
        begun = time.monotonic()
        # A server that just failed, perhaps after a minute of silence, is not the first to ask.
        questions = sorted(questions, key=lambda each: each.url in self._failed)
        faults: dict[str, Fault] = {}  # by address
        waits = {question.url: iter(self.retry_s) for question in questions}
        pause_s = {question.url: 0.0 for question in questions}
        while True:
            question = min(questions, key=lambda each: pause_s[each.url])
            who, wait_s = _who(service, question.url), pause_s[question.url]
            left_s = self.patience_s - (time.monotonic() - begun)
            if wait_s > LONGEST_WAIT_S or wait_s >= left_s:
                told = ", and ".join(
                    f"({urlsplit(url).netloc}) {fault}" for url, fault in faults.items()
                )
                msg = (
                    f"{service.name} {told}, so {service.gives} not to be had now: "
                    f"try again in a few minutes, or {service.instead}."
                )
                raise ServiceError(msg) from faults[question.url]
            if wait_s:
                self.progress.waiting(f"{who} {faults[question.url]}", wait_s)
                self.sleep(wait_s)
                pause_s = {url: max(0.0, rest_s - wait_s) for url, rest_s in pause_s.items()}
            try:
                return self._try(question, check, service, left_s - wait_s)
            except Fault as fault:
                faults[question.url] = fault
                self._failed.add(question.url)
                pause_s[question.url] = max(fault.wait_s, next(waits[question.url], math.inf))
                if not min(pause_s.values()):
                    self.progress.say(f"{who} {fault}: asking the next server.")

    def _try(self, question: Question, check: Check, service: Service, longest_s: float) -> bytes:
        """Ask once, and check the reply."""
        who = _who(service, question.url)
        self.progress.asking(who)
        data = asking.once(
            question,
            self.timeout_s,
            min(5 * self.timeout_s, longest_s),
            service.pause_s,
            partial(self.progress.received, who),
        )
        try:
            check(data)
        except DataError as error:
            body = data.partition(b"\n")[2] if question.header else data
            page = body.lstrip()[:1] == b"<"
            what = "sent a web page, no data" if page else f"sent no data ({error})"
            raise Fault(what) from error
        return data


def _who(service: Service, url: str) -> str:
    return f"{service.name} ({urlsplit(url).netloc})"


def _number(name: str, text: str) -> float:
    """Return a number of the environment.

    Raises:
        InputError: it is none, or not above zero.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        msg = f'{name} is "{text}": give a number above zero.'
        raise InputError(msg)
    return number
