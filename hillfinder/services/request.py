"""A question to a service, and sending it once: what goes out and what can go wrong."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from hillfinder.services.service import Service

PROJECT_URL = "https://github.com/hillfinder/hillfinder"
#: Largest reply that is read, bytes. The streets of a dense city within 5 km are 30 MB.
LARGEST_REPLY = 64 * 2**20
#: Longest wait, s: a service that asks for more is not asked again, and the user hears why.
LONGEST_WAIT_S = 60.0
#: How long connecting may take, s.
CONNECT_S = 10.0
#: HTTP statuses: a part of a file, nothing there, asked too often, a fault that may pass.
PARTIAL = 206
NOT_FOUND = 404
TOO_BUSY = (429, 503, 504)
FAILING = (500, 502)


class Fault(Exception):  # noqa: N818 - it never leaves this folder
    """A failed try; ``wait_s`` is the least wait before the next, infinity for no next one."""

    def __init__(self, what: str, wait_s: float = 0.0) -> None:
        """Say ``what`` the service did, as the end of a sentence that begins with its name."""
        super().__init__(what)
        self.wait_s = wait_s


def _anything(_: bytes) -> None:
    """Accept any reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to a service, and how its answer is taken: ``Web.get`` answers it.

    Attributes:
        service: which service.
        urls: where to ask: the same question to each of its servers, the first one first.
        method, body: of the HTTP request.
        span: first and last byte wanted, from 0; ``None`` for all. Where the file ends before the
            last, so does the answer.
        header: names of reply headers, separated by spaces, whose values are put before the body
            in a line of their own, separated by tabs.
        check: raises ``DataError`` for bytes that are not what was asked for: they are asked for
            again. Another error goes through to the caller, and nothing is cached.
        absent: stands for the reply where the service has nothing there; ``None`` where that is a
            failure.
        empty: whether a reply has nothing in it, so that ``absent`` stands for it too.
        key: name under which the answer is cached; ``None`` neither reads nor writes the cache.
        suffix: ending of the file in the cache, such as ``.png``.
        make: gets the answer some other way where it is not in the cache.
        tries: how often each server is asked at most.
        timeout_s: how long a server may be silent at most, s.
        patience_s: how long all tries and waits may take at most, s.
    """

    service: Service
    urls: tuple[str, ...]
    method: str = "GET"
    body: str | bytes | None = None
    span: tuple[int, int] | None = None
    header: str = ""
    check: Callable[[bytes], None] = _anything
    absent: bytes | None = None
    empty: Callable[[bytes], bool] | None = None
    key: str | None = None
    suffix: str = ".bytes"
    make: Callable[[], bytes] | None = None
    tries: int | None = None
    timeout_s: float = math.inf
    patience_s: float = math.inf


def send(
    question: Question,
    url: str,
    timeout_s: float,
    longest_s: float,
    received: Callable[[int], None],
) -> bytes:
    """Ask one server once, and return its reply unchecked.

    It is sent from a thread of its own: looking a host up cannot be interrupted, and a service that
    lets a byte trickle now and then never lets it end.

    Args:
        question: what to ask.
        url: which of its servers.
        timeout_s: how long the server may be silent, s.
        longest_s: how long all of it may take, s.
        received: called with the size of each piece as it comes, bytes.

    Raises:
        Fault: there is no answer, or not all of it.
    """
    done: SimpleQueue[bytes | Exception] = SimpleQueue()
    latest = time.monotonic() + longest_s

    def work() -> None:
        try:
            done.put(_send(question, url, timeout_s, latest, received))
        except Exception as error:  # noqa: BLE001 - raised again below, whatever it is
            done.put(error)

    Thread(target=work, daemon=True).start()
    try:
        answer = done.get(timeout=longest_s + 1.0)
    except Empty:
        what = f"did not come to an end within {longest_s:.0f} s"
        raise Fault(what, math.inf) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def headers() -> dict[str, str]:
    """Return who asks: services refuse the stock names."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        name = f"hillfinder/{version('hillfinder')}"
    except PackageNotFoundError:  # run from a folder that is not installed
        name = "hillfinder"
    agent = f"{name} (+{PROJECT_URL})"
    return {"User-Agent": agent, "Referer": PROJECT_URL, "Accept-Language": "en"}


def _send(
    question: Question,
    url: str,
    timeout_s: float,
    latest: float,
    received: Callable[[int], None],
) -> bytes:
    import requests

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:
            target = super().get_redirect_target(resp)
            if target:
                with resp:  # closed whether it is followed or not
                    _stay(resp.url, target)
            return target

    cause: Exception
    span = {"Range": "bytes={}-{}".format(*question.span)} if question.span else {}
    request = requests.Request(question.method, url, headers=headers() | span)
    try:
        prepared = request.prepare()
        prepared.prepare_body(question.body, None)
        with Session() as session:
            around = session.merge_environment_settings(
                url, {}, stream=True, verify=None, cert=None
            )
            with session.send(prepared, timeout=(CONNECT_S, timeout_s), **around) as response:
                if response.status_code == NOT_FOUND and question.absent is not None:
                    return question.absent
                if not response.ok:
                    raise _refusal(response, question.service.pause_s)
                if question.span and response.status_code != PARTIAL:
                    what = "sends whole files only, not the part that was asked for"
                    raise Fault(what, math.inf)
                values = [response.headers.get(name, "") for name in question.header.split()]
                before = "\t".join(values) + "\n" if values else ""
                return before.encode() + _body(response, latest, received)
    except requests.exceptions.ChunkedEncodingError as error:
        fault, cause = Fault("broke off in the middle of its answer"), error
    except requests.ReadTimeout as error:
        fault, cause = Fault(f"did not answer within {timeout_s:g} s", math.inf), error
    except requests.ConnectionError as error:
        fault, cause = Fault("was not reached or fell silent (is this machine online?)"), error
    except requests.RequestException as error:
        fault, cause = Fault(f"could not be asked ({error})", math.inf), error
    raise fault from cause


def _stay(url: str, target: str) -> None:
    """Follow a service to another address of its own, and nowhere else."""
    before, after = urlsplit(url), urlsplit(target)
    host, other = before.hostname or "", after.hostname or before.hostname or ""
    if other != host and not other.endswith(f".{host}"):
        what = f"sends elsewhere, to {other} (does this network want a login?)"
        raise Fault(what, math.inf)
    if before.scheme == "https" and after.scheme == "http":
        what = "sends to an address that is not encrypted"
        raise Fault(what, math.inf)


def _refusal(response: requests.Response, pause_s: float) -> Fault:
    """Return the fault for a status other than success."""
    from email.utils import mktime_tz, parsedate_tz

    status, later = response.status_code, response.headers.get("Retry-After", "").strip()
    what = f"answered {status} {response.reason or ''}".strip()
    if status not in (*TOO_BUSY, *FAILING):
        return Fault(what, math.inf)
    wait_s = pause_s if status in TOO_BUSY else 0.0
    if later.isdecimal():  # a number of seconds or a date (RFC 9110, 10.2.3)
        wait_s = max(wait_s, float(later))
    elif date := parsedate_tz(later):
        with suppress(ValueError, OverflowError):  # the 31st of February, the year 99999
            wait_s = max(wait_s, mktime_tz(date) - time.time())
    if wait_s > LONGEST_WAIT_S:
        what += f" and wants to be left alone for {min(wait_s, 86_400.0) / 60:.0f} minutes"
    return Fault(what, wait_s)


def _body(response: requests.Response, latest: float, received: Callable[[int], None]) -> bytes:
    """Read a reply, unless it is too large or too slow."""
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > LARGEST_REPLY:
        raise _endless()
    data = bytearray()
    for part in response.iter_content(2**16):
        received(len(part))
        data += part
        if len(data) > LARGEST_REPLY or time.monotonic() > latest:
            raise _endless()
    return bytes(data)


def _endless() -> Fault:
    what = f"sent more than {LARGEST_REPLY // 2**20} MB, or took too long over it"
    return Fault(what, math.inf)
