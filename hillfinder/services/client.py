"""The only way to the network: ``Web.get`` answers a question from the cache or from a service.

A reply is checked before it is cached and again when it is read back. After a failure the next
server is asked, and each again after a wait, until ``patience_s`` is over. OSMnx goes through here
as well (``osmnx_session``).
"""

from __future__ import annotations

import logging
import math
import os
import re
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hillfinder.errors import DataError, InputError, OfflineError, ServiceError
from hillfinder.progress import Progress
from hillfinder.services.disk_cache import Busy, Cache
from hillfinder.services.reply_cache import Replies
from hillfinder.services.request import LONGEST_WAIT_S, Fault, send
from hillfinder.services.service import host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hillfinder.services.request import Question
    from hillfinder.services.service import Service

#: The environment variables that replace the address of a service.
_VARIABLE = re.compile(r"HILLFINDER_\w+_URL")
_log = logging.getLogger(__name__)


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
        offline: send nothing; the cache is still read.
        cache_dir: folder of the cache. Where it cannot be written, nothing is cached.
        cache_mb: size of the cache, MB; what was not used for longest is dropped first.
        addresses: addresses in place of the public ones, by the environment variable that is named
            for them, such as ``{"HILLFINDER_OVERPASS_URL": "https://overpass.example/api"}``.
            Several with commas between are tried in order.
        timeout_s: how long a service may be silent, s.
        patience_s: how long one question may take with all its tries and waits, s.
        retry_s: the least waits before the second, third, ... try, s.
        fresh_from: cached replies from before are not read; seconds since 1970.
        sleep: called with the seconds of each such wait.
        progress: shows what is going on.
        cache: the files in that folder.

    Raises:
        InputError: an address is none, or a number makes no sense.
    """

    offline: bool = False
    cache_dir: Path = field(default_factory=_cache_dir)
    cache_mb: float = 500.0
    addresses: Mapping[str, str] = field(default_factory=dict, hash=False)
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
        for url in (url.strip() for each in self.addresses.values() for url in each.split(",")):
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
                "With the network switched off nothing can be downloaded again: leave out "
                "--refresh, or switch it on (--offline, HILLFINDER_OFFLINE)."
            )
            raise InputError(msg)
        limit = int(self.cache_mb * 2**20)
        cache = Cache(self.cache_dir, limit, self.progress.say)
        replies = Replies(cache, offline=self.offline, fresh_from=self.fresh_from)
        object.__setattr__(self, "cache", cache)
        object.__setattr__(self, "_replies", replies)

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str] = os.environ,
        *,
        offline: bool = False,
        refresh: bool = False,
        addresses: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Web:
        """Return a client as the environment sets it up.

        ``HILLFINDER_OFFLINE=1`` switches the network off. ``HILLFINDER_CACHE_DIR``,
        ``HILLFINDER_CACHE_MB`` and ``HILLFINDER_TIMEOUT_S`` replace the attributes of those names,
        and variables such as ``HILLFINDER_OVERPASS_URL`` the addresses of services.

        Args:
            environ: the environment.
            offline: switch the network off, whatever the environment says.
            refresh: ignore replies that were cached before this moment.
            addresses: go before those of the environment.
            progress: shows what is going on.
        """
        given: dict[str, Any] = {"cache_dir": _cache_dir(environ)}
        for name in ("cache_mb", "timeout_s"):
            variable = f"HILLFINDER_{name.upper()}"
            if value := environ.get(variable, "").strip():
                given[name] = _positive(variable, value)
        of_environment = {
            name: value.strip()
            for name, value in environ.items()
            if _VARIABLE.fullmatch(name) and value.strip()
        }
        switch = environ.get("HILLFINDER_OFFLINE", "").strip().lower()
        return cls(
            offline=offline or switch not in {"", "0", "false", "no", "off"},
            fresh_from=time.time() if refresh else 0.0,
            addresses=of_environment | dict(addresses or {}),
            progress=progress or Progress(),
            **given,
        )

    def urls(self, service: Service) -> tuple[str, ...]:
        """Return the addresses of a service, the first to be asked first."""
        return service.urls(self.addresses.get(service.variable, service.address))

    def get(self, question: Question) -> bytes:
        """Return the answer to a question, from the cache if it has a key and was asked before.

        Of a service that is asked one question at a time, what another process asks for at the
        same moment is waited for, and then read from the cache.

        Raises:
            ServiceError: the service cannot be reached, refuses, or sends what fails the check; or
                another process has been asking it for longer than anybody waits.
            OfflineError: the answer is not in the cache, and the network is off.
        """
        service, key = question.service, question.key
        if key is None:
            if self.offline:
                msg = "the network is switched off"
                raise OfflineError(msg)
            return self._ask(question)
        name = self._replies.name(key, question.suffix)
        data = self._replies.find(name, question.check, question.absent)
        if data is not None:
            _log.debug("%s: %d bytes from the cache", service.name, len(data))
            return data
        if self.offline:
            _log.info("%s: not in the cache, and the network is off", service.name)
            msg = (
                f"The network is switched off, and {service.gives} not kept on this machine: "
                f"search here once with the network on, or {service.instead}."
            )
            raise OfflineError(msg)
        with self._turn(service):
            data = self._replies.find(name, question.check, question.absent)
            if data is None:
                data = question.make() if question.make else self._ask(question)
                self._replies.keep(name, data, service, question.absent)
        return data

    def forget(self, key: str, *, suffix: str) -> None:
        """Drop an answer from the cache: it proved to be wrong later on.

        Offline it stays, because there is no better one.
        """
        if not self.offline:
            self._replies.drop(self._replies.name(key, suffix))

    @contextmanager
    def _turn(self, service: Service) -> Iterator[None]:
        """Wait for the turn to ask, where one question is asked at a time."""
        if service.apart_s is None:
            yield
            return

        why = f"Another search on this machine is asking {service.name}"

        def busy() -> None:
            _log.info("%s: another process is asking it, waiting", service.name)
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

    def _ask(self, question: Question) -> bytes:
        """Ask until a good reply comes or patience ends, and the next server where one fails."""
        service, begun = question.service, time.monotonic()
        patience_s = min(self.patience_s, question.patience_s)
        retry_s = self.retry_s[: None if question.tries is None else question.tries - 1]
        # A server that just failed, perhaps after a minute of silence, is not the first to ask.
        urls = sorted(question.urls, key=lambda url: url in self._failed)
        faults: dict[str, Fault] = {}  # by URL
        waits = {url: iter(retry_s) for url in urls}
        pause_s = dict.fromkeys(urls, 0.0)
        while True:
            url = min(urls, key=lambda each: pause_s[each])
            who, wait_s = _who(service, url), pause_s[url]
            left_s = patience_s - (time.monotonic() - begun)
            if wait_s > LONGEST_WAIT_S or wait_s >= left_s:
                said = ", and ".join(f"({host(each)}) {fault}" for each, fault in faults.items())
                msg = (
                    f"{service.name} {said}, so {service.gives} not available now: "
                    f"try again in a few minutes, or {service.instead}."
                )
                raise ServiceError(msg) from next(reversed(faults.values()), None)
            if wait_s:
                _log.info("%s: waiting %.1f s", who, wait_s)
                self.progress.waiting(f"{who} {faults[url]}", wait_s)
                self.sleep(wait_s)
                pause_s = {each: max(0.0, rest_s - wait_s) for each, rest_s in pause_s.items()}
            try:
                return self._try(question, url, left_s - wait_s)
            except Fault as fault:
                _log.info("%s: failed: %s", who, str(fault).partition(" (")[0])  # no address
                faults[url] = fault
                self._failed.add(url)
                pause_s[url] = max(fault.wait_s, next(waits[url], math.inf))
                if not min(pause_s.values()):
                    self.progress.say(f"{who} {fault}: asking the next server.")

    def _try(self, question: Question, url: str, longest_s: float) -> bytes:
        """Ask one server once, and check the reply."""
        who, begun = _who(question.service, url), time.monotonic()
        timeout_s = min(self.timeout_s, question.timeout_s)
        self.progress.asking(who)
        _log.debug("%s: asking", who)
        data = send(
            question,
            url,
            timeout_s,
            min(5 * timeout_s, longest_s),
            partial(self.progress.received, who),
        )
        _log.info("%s: %d bytes in %.2f s", who, len(data), time.monotonic() - begun)
        absent, empty = question.absent, question.empty
        try:
            question.check(data)
        except DataError as error:
            body = data.partition(b"\n")[2] if question.header else data
            page = body.lstrip()[:1] == b"<"
            what = "sent a web page, no data" if page else f"sent no data ({error})"
            raise Fault(what) from error
        if absent is None or data == absent or not (empty and empty(data)):
            return data
        return absent


def _who(service: Service, url: str) -> str:
    return f"{service.name} ({host(url)})"


def _positive(name: str, text: str) -> float:
    """Return a number of the environment."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        msg = f'{name} is "{text}": give a number above zero.'
        raise InputError(msg)
    return number
