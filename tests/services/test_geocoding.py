"""From what people type to a place."""

from __future__ import annotations

import string
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.errors import DataError, OfflineError, PlaceError, ServiceError
from hillfinder.model import Place
from hillfinder.progress import Progress
from hillfinder.services import geocoding as place_module
from hillfinder.services.client import Web
from hillfinder.services.geocoding import locate
from tests.world import Answer, Nominatim
from tests.world.service import HTML

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OFF = Web(offline=True)
CREST = "Council Crest, Portland"


@pytest.fixture
def server() -> Iterator[Nominatim]:
    with Nominatim({CREST: (45.4987, -122.7081)}) as service:
        yield service


@pytest.fixture
def web(tmp_path: Path, server: Nominatim) -> Web:
    return Web(
        cache_dir=tmp_path, addresses={"HILLFINDER_NOMINATIM_URL": server.url}, sleep=lambda _: None
    )


@pytest.mark.parametrize(
    "text",
    [
        "45.5,-122.6",
        " 45.5 ,  -122.6 ",
        "45.5 -122.6",
        "45.5;-122.6",
        "+45.5, -122.60",
        "(45.5, -122.6)",
        "[45.5,-122.6]",
        "45.5, −122.6",  # noqa: RUF001 - a real minus sign
        "45.5°, -122.6°",
        "45.5N 122.6W",
        "45.5n,122.6w",
        "45.5° N, 122.6° W",
        "45.5°N122.6°W",
        "N45.5 W122.6",
        "N 45.5°, W 122.6°",
        "122.6W 45.5N",
        "45°30'N 122°36'W",
        "45° 30' 0\" N, 122° 36' 0\" W",
        "45°30′00.0″N 122°36′00.0″W",  # noqa: RUF001 - as maps write it
        "45,5 -122,6",
        "45,5; -122,6",
        "45,5, -122,6",
        "45,5,-122,6",
        "45,5°N 122,6°W",
    ],
)
def test_spellings(text: str) -> None:
    place = locate(text, OFF)
    assert (place.lat, place.lon) == pytest.approx((45.5, -122.6), abs=1e-9)
    assert place.name == ""


@given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from([",", ", ", " ", "; "]))
def test_decimals(lat: float, lon: float, between: str) -> None:
    texts = f"{lat:.7f}", f"{lon:.7f}"
    place = Place(float(texts[0]), float(texts[1]))
    if place != Place(0, 0):
        assert locate(between.join(texts), OFF) == place
    if abs(lat) > 1e-9:
        assert locate(f"{lat!r},{lon!r}", OFF) == Place(lat, lon)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_degrees_minutes_and_seconds(lat: float, lon: float) -> None:
    def spell(value: float, sides: str) -> str:
        size = round(abs(value) * 3600)
        return f"{size // 3600}°{size // 60 % 60}'{size % 60}\"{sides[value < 0]}"

    if max(abs(lat), abs(lon)) < 0.001:
        return
    place = locate(f"{spell(lat, 'NS')} {spell(lon, 'EW')}", OFF)
    assert (place.lat, place.lon) == pytest.approx((lat, lon), abs=0.6 / 3600)


@pytest.mark.parametrize("pair", [(45.5, -122.6), [45.5, -122.6], np.array([45.5, -122.6])])
def test_pairs(pair: Any) -> None:
    assert locate(pair, OFF) == Place(45.5, -122.6)


def test_a_place_is_itself() -> None:
    place = Place(0, 0, "Null Island")
    assert locate(place, OFF) is place


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ("-122.6,45.5", 'Try "45.5,-122.6"'),
        ("122.6 45.5", "swapped"),
        ("91,181", "not on the map"),
        ("45,181", "not on the map"),
        ("nan,nan", "not a place"),
        ("inf,0", "not a place"),
        ("0,0", "empty position"),
        ("0.0 N 0.0 E", "empty position"),
        ("45.5", "cannot be read"),
        ("45.5°", "cannot be read"),
        ("45.5,-122.6,100", "cannot be read"),
        ("45,5,122,6", "cannot be read"),
        ("45.5-122.6", "cannot be read"),
        ("45.5N 122.6O", "cannot be read"),
        ("45.5,,-122.6", "cannot be read"),
        ("45.5N 122.6N", "one of N or S"),
        ("45.5E 122.6W", "one of N or S"),
        ("-45.5N 122.6W", "a sign and a letter"),
        ("45°61'N 5°E", "60 in a whole"),
        ("45°1'60\"N 5°E", "60 in a whole"),
        ("", "No place was given"),
        ("  \t ", "No place was given"),
        ((91.0, 99.0), "not on the map"),
        ((float("nan"), 0.0), "not a place"),
        ((0.0, 0.0), "empty position"),
        ((1.0, 2.0, 3.0), "give (latitude, longitude)"),
        ((1.0, None), "give (latitude, longitude)"),
        (("here", "there"), "give (latitude, longitude)"),
        (None, "give (latitude, longitude)"),
        (7, "give (latitude, longitude)"),
    ],
)
def test_what_is_no_place_is_refused_without_asking(given_: Any, says: str) -> None:
    with pytest.raises(PlaceError) as told:
        locate(given_, OFF)
    assert says in str(told.value)


@given(st.text(string.digits + "NSEWO-+.,;°'\" ", max_size=300))
def test_whatever_is_typed_is_a_place_or_refused(text: str) -> None:
    with suppress(PlaceError, OfflineError):
        assert -90 <= locate(text, OFF).lat <= 90


@pytest.mark.parametrize("length", [100, 10_000])
@pytest.mark.parametrize("piece", ["1", "1 ", "1.", "1° ", "1'", "1,", "N", "-"])
def test_long_nonsense_takes_no_time(piece: str, length: int) -> None:
    with pytest.raises((PlaceError, OfflineError)):
        locate(piece * length, OFF)


def test_words_are_asked_once(web: Web, server: Nominatim) -> None:
    assert locate(f"  {CREST.replace(' ', '  ')} ", web) == Place(45.4987, -122.7081, CREST)
    assert locate(CREST, web) == Place(45.4987, -122.7081, CREST)
    (request,) = server.requests
    assert request.fields["q"] == CREST
    assert request.agent.startswith("hillfinder")
    off = Web(
        offline=True, cache_dir=web.cache_dir, addresses={"HILLFINDER_NOMINATIM_URL": server.url}
    )
    assert locate(CREST, off) == Place(45.4987, -122.7081, CREST)


@pytest.mark.parametrize(
    "text", ["97210", "97210-1234", "N1 9GU", "12 Hill St. N", "No. 5", "12:30", CREST]
)
def test_words_are_not_taken_for_numbers(text: str) -> None:
    assert place_module._from_numbers(text) is None


def test_words_nobody_knows(web: Web, server: Nominatim) -> None:
    with pytest.raises(PlaceError) as told:
        locate("Nowhereville", web)
    assert 'no place "Nowhereville"' in str(told.value)
    assert '"45.4993,-122.6974"' in str(told.value)
    assert len(server.requests) == 1
    assert not [*web.cache_dir.rglob("*.json")]  # it may be mapped tomorrow


def test_several_matches_are_told_and_the_first_is_taken(tmp_path: Path) -> None:
    said: list[str] = []

    class Heard(Progress):
        def say(self, text: str) -> None:
            said.append(text)

    give = "give these numbers if you mean that one."
    places = [(39.8, -89.64), (39.81, -89.65), (37.2, -93.3), (42.1, -72.6)]
    with Nominatim({"Springfield": places}) as server:
        web = Web(
            cache_dir=tmp_path, addresses={"HILLFINDER_NOMINATIM_URL": server.url}, progress=Heard()
        )
        for _ in range(2):
            said.clear()
            assert locate("Springfield", web) == Place(39.8, -89.64, "Springfield")
            assert said == [
                '"Springfield" is taken for Springfield, Somewhere 1, "39.8000,-89.6400".',
                f'It may also be Springfield, Somewhere 3, "37.2000,-93.3000": {give}',
                f'It may also be Springfield, Somewhere 4, "42.1000,-72.6000": {give}',
            ]
        assert [request.fields["limit"] for request in server.requests] == ["5"]


@pytest.mark.slow
def test_questions_are_a_second_apart(tmp_path: Path) -> None:
    times: list[float] = []

    def note(answer: Answer) -> Answer:
        times.append(time.monotonic())
        return answer

    with Nominatim({"A": (1, 1), "B": (2, 2), "C": (3, 3)}) as server:
        server.always = note
        for name in "ABC":  # as three runs would
            locate(
                name, Web(cache_dir=tmp_path, addresses={"HILLFINDER_NOMINATIM_URL": server.url})
            )
    assert np.diff(times).min() >= 1.0


def test_a_name_that_is_kept_loads_no_osmnx(web: Web) -> None:
    locate(CREST, web)
    code = f"""if True:
        import sys
        from pathlib import Path
        from hillfinder.services.geocoding import locate
        from hillfinder.services.client import Web
        web = Web(offline=True, cache_dir=Path({str(web.cache_dir)!r}),
                  addresses={web.addresses!r})
        assert locate({CREST!r}, web).lat == 45.4987
        assert "osmnx" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_service_that_fails(web: Web, server: Nominatim) -> None:
    server.always = HTML
    with pytest.raises(ServiceError, match="sent a web page") as told:
        locate(CREST, web)
    assert 'give "latitude,longitude"' in str(told.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("", "not the JSON"),
        ('{"error": "busy"}', "not the JSON"),
        ("{}", "not a list"),
        ('[{"name": "x"}]', "not the JSON"),
        ("[" * 100_000, "not the JSON"),
    ],
)
def test_replies_that_are_no_places(data: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        place_module._matches(data.encode())


def test_words_offline() -> None:
    with pytest.raises(OfflineError, match="whereabouts of this place are not kept"):
        locate("Some place nobody asked for yet", OFF)
