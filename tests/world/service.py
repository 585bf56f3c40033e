"""A server on loopback, and the ways in which a service fails.

By hand a server is told to fail by asking it for ``/fault?name=504``, and with ``&times=2`` for the
next two questions only; ``/fault?name=none`` mends it, and ``/fault`` names what there is.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Fault = Callable[["Answer"], "Answer"]


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    Attributes:
        status, body, headers: of the reply; its length is said as well.
        sent: only so many bytes of the body are sent, whatever its length was said to be.
        silent_s: nothing is sent for so long; the server's end cuts it short.
        drip_s: the body comes in fifty pieces, with so long between them.
        reset: nothing is sent, the connection is torn down.
        times: the body is sent so often, end to end.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    silent_s: float = 0.0
    drip_s: float = 0.0
    reset: bool = False
    times: int = 1


@dataclass(frozen=True)
class Request:
    """What was asked: ``fields`` are those of the address and of a form, ``sent`` is all of it."""

    path: str
    fields: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: str = ""

    @property
    def span(self) -> str:
        """Which part of a file is asked for."""
        return self.headers.get("Range", "")

    @property
    def agent(self) -> str:
        """Who asks."""
        return self.headers.get("User-Agent", "")


class Service:
    """A service: ``answer`` is for its kind to say, ``faults`` spoil the next answers in turn."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.always: Fault | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service._serve(self, "")

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                service._serve(self, self.rfile.read(length).decode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address of the root, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Answer:
        """Answer as the real one does when all is well."""
        return Answer(200, request.path.encode())

    def _serve(self, handler: BaseHTTPRequestHandler, form: str) -> None:
        parts = urlsplit(handler.path)
        pairs = {**parse_qs(parts.query), **parse_qs(form)}
        fields = {name: values[0] for name, values in pairs.items()}
        sent = f"{handler.path}\n{handler.headers}\n{form}"
        request = Request(parts.path, fields, dict(handler.headers.items()), sent)
        if request.path == "/fault":
            answer = self._command(fields)
        else:
            with self._lock:
                self.requests.append(request)
                fault = self.faults.pop(0) if self.faults else self.always
            answer = self.answer(request)
            if fault is not None:
                answer = fault(answer)
        handler.close_connection = True
        with suppress(ConnectionError):  # whoever asked may have had enough
            self._send(handler, answer)

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        self._over.wait(answer.silent_s)
        if answer.reset:
            linger = struct.pack("ii", 1, 0)  # closed at once, with RST
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.times == 1:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        body = answer.body[: answer.sent]
        step = max(1, len(body) // 50) if answer.drip_s else max(1, len(body))
        for _ in range(answer.times):
            for at in range(0, len(body), step):
                handler.wfile.write(body[at : at + step])
                if answer.drip_s and self._over.wait(answer.drip_s):
                    return

    def _command(self, fields: Mapping[str, str]) -> Answer:
        """Fail from now on as it is told to."""
        name = fields.get("name", "")
        if name not in FAULTS and name != "none":
            return Answer(200, "\n".join([*FAULTS, "none", ""]).encode())
        with self._lock:
            fault = FAULTS.get(name)
            self.faults.clear()
            self.always = None
            if fault is not None and "times" in fields:
                self.faults += [fault] * int(fields["times"])
            else:
                self.always = fault
        return Answer(200, f"{name}\n".encode())


def status(code: int, **headers: str) -> Fault:
    """Answer with a status; ``retry_after="5"`` becomes the header ``Retry-After: 5``."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(code, b"<html><body>no</body></html>", sent)


def body(data: bytes) -> Fault:
    """Answer with other data, and a status that says that all is well."""
    return lambda answer: replace(answer, body=data)


HTML = body(
    b'\n<!DOCTYPE html>\n<html><body><a href="/login">Free Wi-Fi: sign in</a></body></html>'
)


def half_sent(answer: Answer) -> Answer:
    """Break the connection off in the middle of the body."""
    return replace(answer, sent=len(answer.body) // 2)


def cut(answer: Answer) -> Answer:
    """Answer with the first half, as if that were all."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def reset(_: Answer) -> Answer:
    """Tear the connection down."""
    return Answer(reset=True)


def stall(answer: Answer) -> Answer:
    """Take the question, and say nothing."""
    return replace(answer, silent_s=3600.0)


def slowly(answer: Answer) -> Answer:
    """Answer in full, a fiftieth of it every tenth of a second."""
    return replace(answer, drip_s=0.1)


def trickle(answer: Answer) -> Answer:
    """Answer so slowly that it never ends."""
    return replace(answer, drip_s=60.0)


def elsewhere(_: Answer) -> Answer:
    """Send to another host, as a network does that wants a login."""
    return Answer(302, b"", {"Location": "http://login.invalid/"})


def gigabyte(_: Answer) -> Answer:
    """Answer with a gigabyte, its length not told."""
    return Answer(200, b"x" * 2**20, times=2**10)


FAULTS: Mapping[str, Fault] = {
    "reset": reset,
    "stall": stall,
    "slowly": slowly,
    "trickle": trickle,
    "403": status(403),
    "404": status(404),
    "406": status(406),
    "429": status(429),
    "429 later": status(429, Retry_After="2"),
    "429 much later": status(429, Retry_After="3600"),
    "500": status(500),
    "503": status(503),
    "504": status(504),
    "html": HTML,
    "half sent": half_sent,
    "cut": cut,
    "elsewhere": elsewhere,
    "gigabyte": gigabyte,
}
