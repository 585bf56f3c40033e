"""What a caller in Python relies on: keywords, names, errors and words in a notebook."""

from __future__ import annotations

import inspect
import io
import zipfile
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pytest
from shapely import LineString

import hillfinder as hf
from hillfinder.criteria import CriteriaFields
from hillfinder.demo import files
from hillfinder.demo.town import DOOR
from hillfinder.errors import CriteriaError, DataError, InputError, OutputError
from hillfinder.services.client import Web
from tests.findings import bare_hill, gradely, hill, hills

if TYPE_CHECKING:
    from pathlib import Path

mpl.use("Agg")
OFF = Web(offline=True)


def test_near_takes_the_fields_of_criteria() -> None:
    found = gradely()
    short = hf.near(DOOR, streets=found.network, dem=Level(), length_m=(50, 90), limit=2, web=OFF)
    assert short.criteria == hf.Criteria(length_m=(50, 90), limit=2)
    assert {each.name for each in fields(hf.Criteria)} == set(CriteriaFields.__annotations__)
    told = inspect.getdoc(hf.near) or ""
    for name in (*CriteriaFields.__annotations__, "Args:", "Returns:", "Raises:", ">>> "):
        assert name in told


class Level:
    """Level land."""

    source = hf.HeightSource("level", "bare earth", cell_m=1.0)

    def __call__(self, lon: Any, lat: Any) -> Any:
        return 0 * lon + 0 * lat


def test_streets_and_heights_have_the_names_of_the_command_line() -> None:
    network = gradely().network
    given: dict[str, Any] = {"web": OFF, "limit": 1}
    first = hf.near(DOOR, osm=network, dem=Level(), **given)
    with pytest.warns(DeprecationWarning, match=r"heights= is now dem=\."):
        second = hf.near(DOOR, streets=network, heights=Level(), **given)
    assert first.to_json() == second.to_json()
    with pytest.raises(InputError, match="streets and osm are the same"):
        hf.near(DOOR, streets=network, osm=network, dem=Level())
    with (
        pytest.warns(DeprecationWarning, match="heights="),
        pytest.raises(InputError, match="dem and heights are the same"),
    ):
        hf.near(DOOR, osm=network, dem=Level(), heights=Level())
    street = LineString([(8, 46), (8, 46.002)])
    with pytest.warns(DeprecationWarning, match=r"heights= is now dem=\."):
        (graded,) = hf.grade(street, heights=Level())
    assert graded.grade == 0


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"place": 5}, InputError, "5 is not a place"),
        ({"place": {"lat": 1, "lon": 2}}, InputError, "is not a place"),
        ({"criteria": {"limit": 3}}, CriteriaError, "is no Criteria: give hf.Criteria"),
        ({"criteria": 3}, CriteriaError, "3 is no Criteria"),
        ({"criteria": hf.Criteria(), "limit": 3}, CriteriaError, "keywords limit, not both"),
        ({"limit": 0}, CriteriaError, "limit of 0"),
        ({"lenght_m": (1, 2)}, TypeError, "Unknown keyword lenght_m: .* length_m"),
        ({"streets": 5}, InputError, "5 are no streets"),
        ({"streets": {"a": 1}}, InputError, "are no streets"),
        ({"dem": 5}, InputError, "5 is no elevation model"),
        ({"dem": {"a": 1}}, InputError, "is no elevation model"),
    ],
)
def test_what_near_cannot_use_is_one_clear_error(
    given: dict[str, Any], error: type[Exception], said: str
) -> None:
    asked: dict[str, Any] = {"place": DOOR, "streets": gradely().network, "web": OFF} | given
    with pytest.raises(error, match=said):
        hf.near(**asked)


@pytest.mark.parametrize("given", [None, 5, {"a": 1}, b"<gpx/>"])
def test_what_grade_cannot_use_is_one_clear_error(given: Any) -> None:
    with pytest.raises(InputError, match="holds no lines: give the path"):
        hf.grade(given, dem=Level())


def test_a_hill_has_its_figures_and_its_line() -> None:
    one = hill()
    assert (one.length_m, one.gain_m) == (one.climb.length_m, one.climb.gain_m)
    assert one.max_grade == one.climb.max_grade
    assert one.geometry.has_z
    assert not bare_hill().geometry.has_z
    found = hills(one)
    assert found.frame.geometry[0] == one.geometry
    assert found.frame["max_grade"][0] == pytest.approx(one.max_grade, abs=1e-4)


@pytest.mark.parametrize("what", [hills(hill()), hill()])
def test_plots_take_ax_and_figsize(what: Any) -> None:
    import matplotlib.pyplot as plt

    new = what.plot(figsize=(3, 2))
    assert tuple(new.figure.get_size_inches()) == (3, 2)
    own = plt.figure().subplots()
    assert what.plot(ax=own) is own
    with pytest.warns(DeprecationWarning, match=r"axes= is now ax=\."):
        assert what.plot(axes=own) is own
    plt.close("all")


def test_whatever_is_public_says_itself_in_a_line() -> None:
    found = gradely()
    one, plan = found[0], found.workout()
    line = LineString([(8, 46), (8, 46.002)])
    shown = [found, one, plan, one.climb, one.approach, one.climb.profile, found.network]
    shown += [found.place, found.criteria, hf.grade(line, dem=Level())]
    shown += [hf.grade(line, dem=Level())[0], hf.Workout("repeats", "new", (), ())]
    for each in shown:
        assert type(each).__name__ in repr(each)
        assert len(repr(each)) < 120, repr(each)
        assert "\n" not in repr(each)
    assert repr(hf.Criteria()) == "Criteria()"
    assert repr(hf.Criteria(limit=3, walk=True)) == "Criteria(walk=True, limit=3)"


def test_hills_are_saved_and_loaded(tmp_path: Path) -> None:
    found = gradely()
    path = found.save(tmp_path / "hills.hf")
    again = hf.load(path)
    assert again.criteria == found.criteria
    for one, other in ((found, again), (found.workout(2), again.workout(2))):
        assert one.to_json() == other.to_json()
        assert one.to_gpx() == other.to_gpx()
    assert again.to_html(units="imperial") == found.to_html(units="imperial")
    assert again.workout().card("imperial") == found.workout().card("imperial")
    assert again[0].climb.lon.flags.writeable is False
    with pytest.raises(OutputError, match="exists already"):
        found.save(path)
    assert again.save(path, overwrite=True).read_bytes() == path.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["hills.hf"]
    empty = hf.load(hills().save(tmp_path / "none.hf"))
    assert empty.to_json() == hills().to_json()


def test_hills_of_a_search_are_saved_without_their_router(tmp_path: Path) -> None:
    made = files.write_town(tmp_path)
    found = hf.near(DOOR, streets=hf.read_extract(made.osm), dem=made.dem, limit=2, web=OFF)
    again = hf.load(found.save(tmp_path / "hills.hf"))
    assert again.workout(2).to_gpx() == found.workout(2).to_gpx()


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("length_m", 150, "two numbers"), ("length_m", {"from": 100}, "two numbers"),
        ("length_m", (100, "200"), "two numbers"), ("warmup_min", (1, 2, 3), "two numbers"),
        ("warmup_min", None, "two numbers"),
        ("minutes", "30", "a number"), ("min_grade", [0.1], "a number"), ("walk", 1, "True or"),
        ("start", "tomorrow", "a datetime"),
    ],
)  # fmt: skip
def test_a_keyword_of_the_wrong_type_is_said_with_what_to_give(
    name: str, value: object, what: str
) -> None:
    with pytest.raises(CriteriaError, match=rf"^{name}=.* cannot be used: give {what}"):
        hf.Criteria(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("harm", ["cut", "bit", "empty", "json", "other"])
def test_a_damaged_file_of_hills_is_one_clear_error(harm: str, tmp_path: Path) -> None:
    path = hills(hill()).save(tmp_path / "hills.hf")
    data = bytearray(path.read_bytes())
    if harm == "cut":
        del data[len(data) // 2 :]
    elif harm == "bit":
        data[60] ^= 1
    else:
        data = bytearray({"empty": b"", "json": b"{}", "other": zipped({"a": b"b"})}[harm])
    path.write_bytes(data)
    with pytest.raises(DataError, match="is damaged, or was made by another version"):
        hf.load(path)
    with pytest.raises(DataError, match="There is no file"):
        hf.load(tmp_path / "nowhere")


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()
