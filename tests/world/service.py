"""A server on loopback, and the ways in which a service fails."""

from __future__ import annotations

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
    """What is sent back; of a body, only ``sent`` bytes, whatever its length was said to be."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None


@dataclass(frozen=True)
class Request:
    """What was asked: ``fields`` are those of the address and of a form, ``span`` a part."""

    path: str
    fields: Mapping[str, str]
    agent: str
    span: str = ""


class Service:
    """A service: ``answer`` is for its kind to say, ``faults`` spoil the next answers in turn."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.always: Fault | None = None
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
        request = Request(
            parts.path,
            fields,
            handler.headers.get("User-Agent", ""),
            handler.headers.get("Range", ""),
        )
        with self._lock:
            self.requests.append(request)
            fault = self.faults.pop(0) if self.faults else self.always
        answer = self.answer(request)
        if fault is not None:
            answer = fault(answer)
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        with suppress(ConnectionError):  # whoever asked may have had enough
            handler.end_headers()
            handler.wfile.write(answer.body[: answer.sent])
        handler.close_connection = True


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
