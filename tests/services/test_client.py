"""The door to the network, against real servers on loopback that fail on command."""

from __future__ import annotations

import socket
import sys
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hillfinder.errors import DataError, InputError, OfflineError, PlaceError, ServiceError
from hillfinder.progress import Progress
from hillfinder.services import osmnx_session, request
from hillfinder.services.client import Web
from hillfinder.services.request import Question
from hillfinder.services.service import Probe
from hillfinder.services.service import Service as Told
from tests.world import Answer, Nominatim, Service
from tests.world.service import FAULTS, HTML, body, cut, half_sent, status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.service import Fault

ECHO = Told(
    name="Echo",
    gives="echoes are",
    instead="shout yourself",
    address="https://echo.example",
    variable="HILLFINDER_ECHO_URL",
    probe=Probe(lambda address: address, (b"/",)),
    pause_s=30.0,
    ending="/interpreter",
)


def is_path(data: bytes) -> None:
    if not data.startswith(b"/") or not data.endswith(b"!"):
        msg = "no path"
        raise DataError(msg)


@pytest.fixture
def server() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def web(tmp_path: Path, waits: list[float]) -> Web:
    return Web(cache_dir=tmp_path / "cache", sleep=waits.append, timeout_s=5.0)


def fetch(web: Web, server: Service, name: str = "a!", **more: Any) -> bytes:
    return ask(web, f"{server.url}/{name}", **more)


def ask(web: Web, url: str, **more: Any) -> bytes:
    usual: dict[str, Any] = {"service": ECHO, "check": is_path, "key": url, "suffix": ".txt"}
    return web.get(Question(urls=(url,), **(usual | more)))


def files(web: Web) -> list[Path]:
    return [path for path in (web.cache_dir / "replies").rglob("*") if path.is_file()]


def kept(web: Web) -> list[bytes]:
    """What is kept, without the first line of each file."""
    return sorted(path.read_bytes().partition(b"\n")[2] for path in files(web))


def test_what_was_fetched_is_kept(web: Web, server: Service) -> None:
    assert fetch(web, server) == b"/a!"
    assert fetch(web, server) == b"/a!"
    assert fetch(web, server, "b!") == b"/b!"
    assert [request.path for request in server.requests] == ["/a!", "/b!"]
    assert kept(web) == [b"/a!", b"/b!"]
    assert {path.suffix for path in files(web)} == {".txt"}


def test_it_says_who_asks(web: Web, server: Service) -> None:
    fetch(web, server)
    assert server.requests[0].agent.startswith("hillfinder")
    assert "github.com/hillfinder" in server.requests[0].agent


@pytest.mark.parametrize("fault", [status(500), status(502), half_sent, HTML, cut, body(b"")])
def test_a_passing_fault_is_asked_again(
    web: Web, server: Service, waits: list[float], fault: Fault
) -> None:
    server.faults += [fault, fault]
    assert fetch(web, server) == b"/a!"
    assert waits == [1.0, 5.0]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (status(500), "answered 500 Internal Server Error"),
        (status(503), "answered 503"),
        (half_sent, "broke off in the middle"),
        (HTML, "sent a web page"),
        (cut, "sent no data (no path)"),
    ],
)
def test_a_lasting_fault_ends_in_a_sentence(
    web: Web, server: Service, waits: list[float], fault: Fault, says: str
) -> None:
    server.always = fault
    with pytest.raises(ServiceError) as told:
        fetch(web, server)
    text = str(told.value)
    assert says in text
    assert text.startswith("Echo (127.0.0.1:")
    assert text.endswith(
        "so echoes are not available now: try again in a few minutes, or shout yourself."
    )
    assert len(server.requests) == 3
    assert len(waits) == 2
    assert not files(web)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 406, 410])
def test_a_refusal_is_not_asked_again(
    web: Web, server: Service, waits: list[float], code: int
) -> None:
    server.always = status(code)
    with pytest.raises(ServiceError, match=f"answered {code}"):
        fetch(web, server)
    assert len(server.requests) == 1
    assert not waits


@pytest.mark.parametrize("code", [429, 503, 504])
def test_a_busy_service_is_left_alone_for_its_pause(
    web: Web, server: Service, waits: list[float], code: int
) -> None:
    server.faults += [status(code), status(code, retry_after="45")]
    assert fetch(web, server) == b"/a!"
    assert waits == [30.0, 45.0]


def test_retry_after_may_be_a_date(web: Web, server: Service, waits: list[float]) -> None:
    server.faults += [status(429, retry_after=formatdate(time.time() + 50, usegmt=True))]
    assert fetch(web, server) == b"/a!"
    assert waits == [pytest.approx(50, abs=2)]


@pytest.mark.parametrize(
    "value", ["soon", "-5", "", "1.5", formatdate(0), "Wed, 21 Oct 99999 07:28:00 GMT"]
)
def test_retry_after_that_makes_no_sense(
    web: Web, server: Service, waits: list[float], value: str
) -> None:
    server.faults += [status(429, retry_after=value)]
    assert fetch(web, server) == b"/a!"
    assert waits == [30.0]


@pytest.mark.parametrize("value", ["600", "a date", "9" * 400])
def test_a_long_pause_is_reported_and_not_waited_for(
    web: Web, server: Service, waits: list[float], value: str
) -> None:
    later = formatdate(time.time() + 600, usegmt=True)
    server.always = status(429, retry_after=later if value == "a date" else value)
    with pytest.raises(ServiceError, match=r"left alone for \d+ minutes"):
        fetch(web, server)
    assert len(server.requests) == 1
    assert not waits


def test_nobody_there(web: Web, waits: list[float]) -> None:
    with Service() as gone:
        pass
    with pytest.raises(ServiceError, match="not reached"):
        fetch(web, gone)
    assert waits == [1.0, 5.0]


def test_a_silent_service(tmp_path: Path, server: Service) -> None:
    done = threading.Event()

    def silence(answer: Answer) -> Answer:
        done.wait(5)
        return answer

    server.always = silence
    web = Web(cache_dir=tmp_path, timeout_s=0.1)
    with pytest.raises(ServiceError, match=r"did not answer within 0\.1 s"):
        fetch(web, server)
    done.set()
    assert len(server.requests) == 1


def test_a_reply_without_end(web: Web, server: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "LARGEST_REPLY", 100_000)
    server.always = body(b"/" * 300_000)
    with pytest.raises(ServiceError, match="MB, or took too long"):
        fetch(web, server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: Answer(302, b"", {"Location": "/round"}),
        lambda _: Answer(302, b"", {"Location": "ftp://127.0.0.1/"}),
        lambda _: Answer(200, b"not packed", {"Content-Encoding": "gzip"}),
    ],
    ids=["round and round", "elsewhere", "packed wrongly"],
)
def test_a_reply_that_cannot_be_followed(
    web: Web, server: Service, waits: list[float], fault: Fault
) -> None:
    server.always = fault
    with pytest.raises(ServiceError, match="could not be asked"):
        fetch(web, server)
    assert not waits


def test_a_damaged_entry_is_fetched_again(web: Web, server: Service) -> None:
    fetch(web, server)
    (path,) = files(web)
    whole = path.read_bytes()
    damages = (b"", b"/a!", whole[:-1], whole + b"!", whole.replace(b"/a!", b"/b!"), b"{}\n/a!")
    for damage in damages:
        path.write_bytes(damage)
        assert fetch(web, server) == b"/a!"
        assert kept(web) == [b"/a!"]
    assert len(server.requests) == 1 + len(damages)


def test_an_unwritable_cache_costs_speed_only(web: Web, server: Service) -> None:
    web.cache_dir.write_text("a file where the folder should be")
    assert fetch(web, server) == fetch(web, server) == b"/a!"
    assert len(server.requests) == 2


def test_the_check_may_raise_an_error_of_its_own(web: Web, server: Service) -> None:
    def refuse(_: bytes) -> None:
        msg = "nowhere"
        raise PlaceError(msg)

    with pytest.raises(PlaceError, match="nowhere"):
        ask(web, f"{server.url}/a!", check=refuse)
    assert len(server.requests) == 1
    assert not files(web)


def test_a_header_goes_before_the_body(web: Web, server: Service) -> None:
    server.faults += [lambda _: Answer(200, b"!", {"X-Path": "/from"})]
    assert fetch(web, server, header="x-path") == b"/from\n!"
    assert fetch(web, server, header="x-path") == b"/from\n!"
    assert len(server.requests) == 1


def test_what_is_absent_is_kept_as_absent_once_something_is_there(
    web: Web, server: Service
) -> None:
    server.faults += [status(404), status(404)]
    assert fetch(web, server, absent=b"/none!") == b"/none!"
    assert not files(web)  # a server that lost everything says so too
    assert fetch(web, server, absent=b"/none!") == b"/none!"
    assert fetch(web, server, "b!", absent=b"/none!") == b"/b!"
    assert kept(web) == [b"/b!", b"/none!"]
    server.faults.append(status(404))
    assert fetch(web, server, "c!", absent=b"/none!") == b"/none!"
    assert len(server.requests) == 4
    for name in ("a!", "c!"):
        assert fetch(web, server, name, absent=b"/none!") == b"/none!"
    assert len(server.requests) == 4


def test_what_was_absent_is_asked_for_again_on_another_day(
    web: Web, server: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.append(status(404))
    fetch(web, server, absent=b"/none!")
    fetch(web, server, "b!", absent=b"/none!")
    monkeypatch.setattr("hillfinder.services.reply_cache.ABSENT_S", -1.0)
    off = Web(offline=True, cache_dir=web.cache_dir)
    assert fetch(off, server, absent=b"/none!") == b"/none!"
    assert fetch(web, server, absent=b"/none!") == b"/a!"
    assert fetch(off, server, absent=b"/none!") == b"/a!"


@pytest.mark.usefixtures("socket_disabled")
def test_offline_opens_no_socket(tmp_path: Path) -> None:
    web = Web(offline=True, cache_dir=tmp_path)
    with pytest.raises(OfflineError) as told:
        ask(web, "http://127.0.0.1/a!")
    assert "echoes are not kept on this machine" in str(told.value)
    assert "or shout yourself." in str(told.value)


def test_offline_reads_what_was_kept(web: Web, server: Service) -> None:
    fetch(web, server)
    off = Web(offline=True, cache_dir=web.cache_dir)
    assert fetch(off, server) == b"/a!"
    assert len(server.requests) == 1


def test_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HILLFINDER_CACHE_DIR")
    web = Web.from_environment({})
    assert not web.offline
    assert web == Web()
    assert web.cache_dir.name == "hillfinder"
    web = Web.from_environment(
        {
            "HILLFINDER_OFFLINE": "1",
            "HILLFINDER_CACHE_DIR": str(tmp_path),
            "HILLFINDER_OVERPASS_URL": "http://a/api",
            "HILLFINDER_NOMINATIM_URL": "http://b",
            "HILLFINDER_TERRARIUM_URL": "http://c/{z}/{x}/{y}.png",
        }
    )
    assert web == Web(
        offline=True,
        cache_dir=tmp_path,
        addresses={
            "HILLFINDER_OVERPASS_URL": "http://a/api",
            "HILLFINDER_NOMINATIM_URL": "http://b",
            "HILLFINDER_TERRARIUM_URL": "http://c/{z}/{x}/{y}.png",
        },
    )
    assert Web.from_environment({"HILLFINDER_CACHE_DIR": "~/x"}).cache_dir == Path.home() / "x"


@pytest.mark.parametrize(
    ("value", "off"), [("", False), ("0", False), ("No", False), ("1", True), (" yes ", True)]
)
def test_the_offline_switch(value: str, *, off: bool) -> None:
    assert Web.from_environment({"HILLFINDER_OFFLINE": value}).offline is off
    assert Web.from_environment({"HILLFINDER_OFFLINE": value}, offline=True).offline


@pytest.mark.parametrize(
    "url",
    ["", "overpass.example/api", "ftp://x", "http://", "https:// x", "http://x:99999", "http://["],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match="is no address"):
        Web(addresses={ECHO.variable: url})


@pytest.mark.parametrize("to", ["http://login.invalid/", "//127.0.0.2/", "http://evil127.0.0.1/"])
def test_it_is_not_sent_elsewhere(web: Web, server: Service, waits: list[float], to: str) -> None:
    server.always = lambda _: Answer(302, b"", {"Location": to})
    with pytest.raises(ServiceError, match=r"sends elsewhere, to .* \(does this network want"):
        fetch(web, server)
    assert not waits
    assert len(server.requests) == 1


def test_a_service_may_move_within_its_own_host(web: Web, server: Service) -> None:
    with Service() as other:
        server.faults.append(lambda _: Answer(302, b"", {"Location": f"{other.url}/there!"}))
        assert fetch(web, server) == b"/there!"
    request._stay("https://a.example/x", "https://lz4.a.example/x")
    with pytest.raises(request.Fault, match="not encrypted"):
        request._stay("https://a.example/x", "http://a.example/x")


def test_a_question_has_an_end(tmp_path: Path, server: Service) -> None:
    # A byte now and then is no silence.
    server.always = lambda _: Answer(200, b"/" * 50 + b"!", drip_s=0.1)
    web = Web(cache_dir=tmp_path, timeout_s=0.2)
    begun = time.monotonic()
    with pytest.raises(ServiceError, match="did not come to an end within 1 s"):
        fetch(web, server)
    assert time.monotonic() - begun < 5


def test_patience_ends(tmp_path: Path, server: Service, waits: list[float]) -> None:
    server.always = status(429)
    web = Web(cache_dir=tmp_path, sleep=waits.append, patience_s=20.0)
    with pytest.raises(ServiceError, match="answered 429"):
        fetch(web, server)
    assert (len(server.requests), waits) == (1, [])


def test_patience_that_ends_at_the_first_of_two_servers_is_one_sentence(
    tmp_path: Path, server: Service
) -> None:
    server.always = FAULTS["stall"]
    web = Web(cache_dir=tmp_path, timeout_s=0.3, patience_s=0.2, sleep=lambda _: None)
    urls = (f"{server.url}/a!", "http://127.0.0.1:9/b!")
    with pytest.raises(ServiceError, match="try again in a few minutes"):
        web.get(Question(service=ECHO, urls=urls))


def test_a_gigabyte_is_not_held(web: Web, server: Service) -> None:
    import tracemalloc

    server.always = FAULTS["gigabyte"]
    tracemalloc.start()
    try:
        with pytest.raises(ServiceError, match="sent more than 64 MB"):
            fetch(web, server)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * 2**20


def test_a_length_that_is_too_great_is_believed(web: Web, server: Service) -> None:
    server.always = lambda _: Answer(200, b"/x!", {"Content-Length": str(2**40)}, times=2)
    with pytest.raises(ServiceError, match="sent more than 64 MB"):
        fetch(web, server)


class Heard(Progress):
    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def asking(self, who: str) -> None:
        self.heard.append(("asking", who))

    def received(self, who: str, size: int) -> None:
        self.heard.append(("received", who, size))

    def waiting(self, why: str, wait_s: float) -> None:
        self.heard.append(("waiting", why, wait_s))

    def say(self, text: str) -> None:
        self.heard.append(("say", text))


def test_what_goes_on_is_told(tmp_path: Path, server: Service, waits: list[float]) -> None:
    heard = Heard()
    web = Web(cache_dir=tmp_path, sleep=waits.append, progress=heard)
    server.faults.append(status(429))
    fetch(web, server)
    who = f"Echo ({server.url.removeprefix('http://')})"
    assert heard.heard == [
        ("asking", who),
        ("waiting", f"{who} answered 429 Too Many Requests", 30.0),
        ("asking", who),
        ("received", who, 3),
    ]
    fetch(web, server)
    assert len(heard.heard) == 4


def test_what_must_be_fresh_is_fetched_once_more(web: Web, server: Service) -> None:
    fetch(web, server)
    fresh = Web(cache_dir=web.cache_dir, fresh_from=time.time())
    for _ in range(2):
        fetch(fresh, server)
    assert len(server.requests) == 2
    with pytest.raises(InputError, match="leave out --refresh"):
        Web(offline=True, fresh_from=1.0)


def test_one_question_at_a_time(tmp_path: Path, server: Service) -> None:
    under_way: list[int] = []
    most: list[int] = []

    def slow(answer: Answer) -> Answer:
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.05)
        under_way.pop()
        return answer

    server.always = slow
    alone = replace(ECHO, apart_s=0.0)

    def run(number: int) -> None:
        web = Web(cache_dir=tmp_path)
        url = f"{server.url}/{number % 3}!"
        ask(web, url, service=alone)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(server.requests) == 3  # what another one asked for was waited for


def test_questions_are_apart(tmp_path: Path, server: Service, waits: list[float]) -> None:
    apart = replace(ECHO, apart_s=9.0)
    for number in range(2):
        web = Web(cache_dir=tmp_path, sleep=waits.append)
        ask(web, f"{server.url}/{number}!", service=apart)
    assert len(waits) == 1
    assert 5 < waits[0] <= 9


def test_somebody_who_never_ends_is_not_waited_for_for_ever(
    tmp_path: Path, server: Service
) -> None:
    alone = replace(ECHO, apart_s=0.0)
    heard = Heard()
    told: list[ServiceError] = []

    def another() -> None:
        web = Web(cache_dir=tmp_path, patience_s=0.3, progress=heard)
        try:
            ask(web, f"{server.url}/a!", service=alone)
        except ServiceError as error:
            told.append(error)

    with Web(cache_dir=tmp_path).cache.turn("echo", 1.0, 0.0, lambda: None, time.sleep):
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
    assert "Another search on this machine has been asking Echo" in str(told[0])
    assert heard.heard == [("waiting", "Another search on this machine is asking Echo", 0.3)]
    assert not server.requests


def test_asking_once_keeps_nothing(web: Web, server: Service, waits: list[float]) -> None:
    once: dict[str, Any] = {"key": None, "tries": 1, "timeout_s": 5.0, "patience_s": 5.0}
    assert fetch(web, server, **once) == b"/a!"
    server.always = status(504)
    with pytest.raises(ServiceError, match="answered 504 Gateway Timeout") as told:
        fetch(web, server, **once)
    assert str(told.value.__cause__) == "answered 504 Gateway Timeout"
    with pytest.raises(OfflineError):
        fetch(Web(offline=True, cache_dir=web.cache_dir), server, **once)
    assert (files(web), waits, len(server.requests)) == ([], [], 2)


# Several servers of Overpass.


@pytest.fixture
def second() -> Iterator[Service]:
    with Service() as service:
        yield service


def pulled(web: Web) -> Any:
    """Ask Overpass, which is an echo here, for a graph: there is none in its answer."""

    def check(data: bytes) -> None:
        if data != b"/api/interpreter":
            msg = "another answer"
            raise DataError(msg)

    def ask(osmnx: Any) -> Any:
        return osmnx.graph_from_point((45.0, -122.0), 100)

    with pytest.raises(ValueError, match=r"."):
        osmnx_session.run(web, ask, check=check, service=ECHO)


@pytest.fixture
def both(tmp_path: Path, server: Service, second: Service, waits: list[float]) -> Web:
    urls = f"{server.url}/api/, {second.url}/api/interpreter"
    return Web(
        cache_dir=tmp_path, addresses={ECHO.variable: urls}, sleep=waits.append, timeout_s=5.0
    )


def test_the_second_server_is_asked_at_once(
    both: Web, server: Service, second: Service, waits: list[float]
) -> None:
    server.always = status(429)
    pulled(both)
    assert (len(server.requests), len(second.requests), waits) == (1, 1, [])
    pulled(replace(both, fresh_from=time.time()))


def test_a_server_that_failed_is_not_the_first_to_ask_again(
    both: Web, server: Service, second: Service
) -> None:
    server.always = status(403)
    pulled(both)
    both.cache.clear()
    pulled(both)
    assert (len(server.requests), len(second.requests)) == (1, 2)


def test_each_server_has_its_pause_and_its_tries(
    both: Web, server: Service, second: Service, waits: list[float]
) -> None:
    server.always = status(429)
    second.always = status(500)
    with pytest.raises(ServiceError) as told:
        osmnx_session.run(
            both,
            lambda osmnx: osmnx.graph_from_point((45.0, -122.0), 100),
            check=lambda _: None,
            service=ECHO,
        )
    # The second after 1 s and 5 s, the first when its 30 s are over, twice.
    assert waits == [1.0, 5.0, 24.0, 30.0]
    assert (len(server.requests), len(second.requests)) == (3, 3)
    hosts = [service.url.removeprefix("http://") for service in (server, second)]
    assert str(told.value).startswith(
        f"Echo ({hosts[0]}) answered 429 Too Many Requests, "
        f"and ({hosts[1]}) answered 500 Internal Server Error, so echoes are not available now"
    )


@pytest.mark.parametrize("url", ["", ",", "http://a/api,", "http://a/api,b"])
def test_a_list_of_servers_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match="is no address"):
        Web(addresses={ECHO.variable: url})


# OSMnx through the door.


def rows(data: bytes) -> None:
    if not data.startswith(b"["):
        msg = "no list"
        raise DataError(msg)


@pytest.fixture
def gazetteer() -> Iterator[Nominatim]:
    with Nominatim({"Here": (45.0, -122.0)}) as service:
        yield service


def settings() -> dict[str, object]:
    import osmnx

    return {
        name: repr(value)
        for name, value in vars(osmnx.settings).items()
        if not name.startswith("_")
    } | {"getaddrinfo": socket.getaddrinfo}


def test_osmnx_asks_through_the_door_and_is_put_back(
    tmp_path: Path, gazetteer: Nominatim, waits: list[float]
) -> None:
    before = settings()
    web = Web(cache_dir=tmp_path, addresses={ECHO.variable: gazetteer.url}, sleep=waits.append)
    gazetteer.faults += [status(504), HTML]

    def ask(osmnx: Any) -> Any:
        assert osmnx.settings.useful_tags_way == ["highway"]
        assert osmnx.settings.doh_url_template is None
        assert not osmnx.settings.overpass_rate_limit
        return osmnx.geocode("Here")

    assert osmnx_session.run(web, ask, check=rows, service=ECHO, tags=["highway"]) == (45.0, -122.0)
    assert [request.path for request in gazetteer.requests] == ["/search"] * 3
    assert waits == [30.0, 5.0]
    assert settings() == before
    assert len(files(web)) == 1


def test_osmnx_is_put_back_after_a_failure(tmp_path: Path) -> None:
    before = settings()
    web = Web(cache_dir=tmp_path)

    def fail(_: object) -> None:
        msg = "mine"
        raise KeyError(msg)

    with pytest.raises(KeyError, match="mine"):
        osmnx_session.run(web, fail, check=rows, service=ECHO)
    assert settings() == before


@pytest.mark.usefixtures("socket_disabled")
def test_osmnx_offline_opens_no_socket(tmp_path: Path) -> None:
    before = settings()
    web = Web(offline=True, cache_dir=tmp_path)
    with pytest.raises(OfflineError, match="echoes are not kept"):
        osmnx_session.run(web, lambda osmnx: osmnx.geocode("Here"), check=rows, service=ECHO)
    assert settings() == before


def test_osmnx_looks_up_no_host_and_leaves_the_look_up_alone(tmp_path: Path) -> None:
    before = settings()
    asked: list[object] = []
    listening = True

    def listen(event: str, args: tuple[object, ...]) -> None:
        if listening and event in {"socket.gethostbyname", "socket.getaddrinfo", "socket.connect"}:
            asked.append(args[0])

    sys.addaudithook(listen)  # it cannot be taken away, only told to be deaf
    try:
        with pytest.raises(OfflineError, match="echoes are not kept"):
            osmnx_session.run(
                Web(offline=True, cache_dir=tmp_path),
                lambda osmnx: osmnx.graph_from_point((45.0, -122.0), 100),
                check=rows,
                service=ECHO,
            )
    finally:
        listening = False
    assert asked == ["127.0.0.1"]  # a number: there is nothing to look up
    assert settings() == before


def test_an_osmnx_that_does_not_read_its_cache_does_not_ask_for_ever(
    tmp_path: Path, server: Service
) -> None:
    web = Web(cache_dir=tmp_path, addresses={ECHO.variable: server.url})
    server.always = body(b"[]")

    def ask(osmnx: Any) -> Any:
        osmnx.settings.use_cache = False
        return osmnx.graph_from_point((45.0, -122.0), 100)

    with pytest.raises(ServiceError, match=r"install 2\.1"):
        osmnx_session.run(web, ask, check=rows, service=ECHO)
    assert len(server.requests) == 1


def test_two_threads_do_not_share_settings(tmp_path: Path) -> None:
    before = settings()
    seen: list[tuple[object, object]] = []

    def run(url: str) -> None:
        def ask(osmnx: Any) -> None:
            first = osmnx.settings.overpass_url
            time.sleep(0.02)
            seen.append((first, osmnx.settings.overpass_url))

        osmnx_session.run(
            Web(cache_dir=tmp_path, addresses={ECHO.variable: url}), ask, check=rows, service=ECHO
        )

    threads = [threading.Thread(target=run, args=(f"http://{name}",)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({first for first, _ in seen}) == 4
    assert all(first == second for first, second in seen)
    assert settings() == before
