"""A real Chromium without a window, driven over a pipe: no port, no driver, no package."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager
from fcntl import F_DUPFD_CLOEXEC, fcntl
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
needs_browser = pytest.mark.skipif(
    not FOUND, reason="no Chromium on this machine: apt-get install chromium"
)
PATIENCE_S = 60.0


class Browser:
    """One page in a browser, spoken to by the DevTools protocol, a message after the other."""

    def __init__(self, profile: Path) -> None:
        ends = (*os.pipe(), *os.pipe())
        # Chromium reads its orders from descriptor 3 and answers on 4: ours keep out of their way.
        commands, self._to, self._from, replies = (fcntl(end, F_DUPFD_CLOEXEC, 10) for end in ends)
        for end in ends:
            os.close(end)
        line = f'exec "$@" 3<&{commands} 4>&{replies}'
        words = [FOUND, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += ["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"]
        words += [f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", line, "bash", *words],
            pass_fds=(commands, replies),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(replies)
        self._unread = b""
        self._count = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self._offline = ""
        self.network(there=False)

    def close(self) -> None:
        self._session = None
        self.call("Browser.close")
        self._process.wait(PATIENCE_S)
        os.close(self._to)
        os.close(self._from)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send an order and return its answer; what happens meanwhile is kept in ``events``."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _message(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], max(0.0, until - time.monotonic()))
            part = os.read(self._from, 1 << 20) if ready else b""
            assert part, "the browser says nothing"
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def network(self, *, there: bool) -> None:
        """Plug the network in, or pull it out, for the pages opened from now on."""
        limits = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.call("Network.emulateNetworkConditions", offline=not there, **limits)
        if self._offline:
            self.call("Page.removeScriptToEvaluateOnNewDocument", identifier=self._offline)
        # A machine without a network knows that it has none; Chromium plays it but does not say so.
        known = f"Object.defineProperty(navigator, 'onLine', {{value: {str(there).lower()}}})"
        added = self.call("Page.addScriptToEvaluateOnNewDocument", source=known)
        self._offline = added["identifier"]

    def size(self, width: int, height: int, *, dark: bool = False, touch: bool = False) -> None:
        """Be a screen of so many points."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.call("Emulation.setEmulatedMedia", media="", features=features)

    def open(self, address: str) -> None:
        """Open a page and wait until it is there."""
        self.call("Page.navigate", url="about:blank")
        self.events.clear()
        loader = self.call("Page.navigate", url=address)["loaderId"]
        while not any(_loaded(event, loader) for event in self.events):
            self.events.append(self._message())

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        done = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait(self, script: str) -> None:
        """Wait until an expression holds."""
        until = time.monotonic() + PATIENCE_S
        while not self.run(script):
            assert time.monotonic() < until, script
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click on the middle of an element, wherever it is."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def press(self, key: str) -> None:
        """Press a key, such as ``ArrowDown``."""
        code = {"ArrowDown": 40, "ArrowUp": 38, "Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **(text if kind == "keyDown" else {}),
            )

    def complaints(self) -> list[str]:
        """Return all that went wrong since the page was opened."""
        self.run("1")
        bad = []
        for event in self.events:
            what = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                bad.append(json.dumps(what["exceptionDetails"]))
            if event.get("method") == "Runtime.consoleAPICalled" and what["type"] != "log":
                bad.append(json.dumps(what["args"]))
            if event.get("method") == "Log.entryAdded" and what["entry"]["level"] != "verbose":
                bad.append(json.dumps(what["entry"]))
        return bad

    def asked(self) -> list[str]:
        """Return the addresses that were asked for since the page was opened."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Keep a picture of the page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """Return the page on paper of A4, as PDF."""
        self.run(
            "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
        )
        sheet = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(sheet["data"])


def _loaded(event: dict[str, Any], loader: str) -> bool:
    what = event.get("params", {})
    return (event.get("method"), what.get("name"), what.get("loaderId")) == (
        "Page.lifecycleEvent",
        "load",
        loader,
    )


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser and end it."""
    started = Browser(folder / "profile")
    try:
        yield started
    finally:
        started.close()
