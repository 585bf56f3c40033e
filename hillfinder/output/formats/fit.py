"""A workout as FIT, the format of watches: as a course to follow and as a workout with steps.

A FIT string is UTF-8 in a field of fixed size, ended by a zero byte. Garmin's kit for devices
reserves 16 bytes for the name of a point or a step and 50 for a note, and cuts longer text at any
byte; names are cut here, at whole characters. Credits are in ``product_name``, the one free text
that every kind of file has.
"""

from __future__ import annotations

from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from hillfinder.output.formats import Format
from hillfinder.output.text.phrases import ground, percent
from hillfinder.output.text.sanitize import brief, plain, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hillfinder.model import Findings, Step, Workout
    from hillfinder.output.timed_track import CueKind, TimedTrack

#: Most bytes of names of points and steps, of notes, of titles, and of any field.
NAME_OCTETS, NOTE_OCTETS, TITLE_OCTETS, FIELD_OCTETS = 15, 49, 40, 254
#: Range of a FIT altitude, m: 16 bits in steps of 0.2 m.
LOWEST_M, HIGHEST_M = -500.0, 12606.0
#: Kinds of messages; the index of each is its local number.
MESSAGES: Final = (
    "file_id",
    "course",
    "lap",
    "event",
    "record",
    "course_point",
    "workout",
    "workout_step",
)
RECORD_FIELDS: Final = frozenset(
    {"timestamp", "position_lat", "position_long", "distance", "altitude"}
)


def to_fit(findings: Findings, workout: Workout) -> bytes:
    """Return a workout as a FIT course: the same bytes for the same workout.

    One lap from the door and back, with at most a record a second, heights where they are known,
    and course points for each bottom, each top and what to mind on the first way up.

    Args:
        findings: the sources, the pace and the start.
        workout: a workout, or once up a hill (``timed_track.once``).
    """
    from fit_tool.profile.profile_type import Event, EventType, FileType

    from hillfinder.output.timed_track import timed_track

    way = timed_track(findings, workout)
    begin, end = _milliseconds(way, 0), _milliseconds(way, -1)
    timer = {"event": Event.TIMER, "event_group": 0}
    stop = EventType.STOP_DISABLE_ALL
    return _file(
        [
            _file_id(findings, way, FileType.COURSE),
            _message(
                "course",
                course_name=short(brief(way.name, TITLE_OCTETS), TITLE_OCTETS),
                sport=_sport(findings),
            ),
            _lap_message(findings, workout, way),
            _message("event", timestamp=begin, event_type=EventType.START, **timer),
            *_track_records(way),
            *_course_points(way),
            _message("event", timestamp=end, event_type=stop, **timer),
        ]
    )


def to_workout(findings: Findings, workout: Workout) -> bytes:
    """Return a workout as FIT steps: the same bytes for the same workout.

    The warm-up ends by the clock, a way up by its length, and all else at the lap button, at a
    place that the runner sees: errors of a watch's distances do not add up. Repeats are one loop.
    """
    from fit_tool.profile.profile_type import FileType

    from hillfinder.output.timed_track import timed_track, title

    steps = _workout_steps(workout)
    messages = [
        _message("workout_step", message_index=index, **step) for index, step in enumerate(steps)
    ]
    about = _message(
        "workout",
        workout_name=short(brief(title(workout), TITLE_OCTETS), TITLE_OCTETS),
        sport=_sport(findings),
        num_valid_steps=len(steps),
        workout_description=_sentences(workout.cues) or None,
    )
    file_id = _file_id(findings, timed_track(findings, workout), FileType.WORKOUT)
    return _file([file_id, about, *messages])


def _sentences(cues: Iterable[str]) -> str:
    """Return the first sentences that fit whole."""
    said = ""
    for cue in cues:
        longer = plain(f"{said} {cue}")
        if len(longer.encode()) > FIELD_OCTETS:
            break
        said = longer
    return said


def _file(messages: Sequence[Any]) -> bytes:
    """Return a FIT file in the oldest version of the protocol, which every watch reads."""
    from fit_tool import FitFile, FitFileBuilder
    from fit_tool.fit_file_header import FitFileHeader, ProtocolVersion

    builder = FitFileBuilder(min_string_size=NAME_OCTETS + 1)
    builder.add_all(messages)
    size = sum(record.size for record in builder.records)
    header = FitFileHeader(size, protocol_version=ProtocolVersion(1, 0), gen_crc=True)
    return bytes(FitFile(header, builder.records).to_bytes())


def _message(kind: str, **values: Any) -> Any:  # noqa: ANN401 - the library has no types
    """Return a message without the values that are ``None``."""
    return _filled(_blank(kind), values)


def _blank(kind: str) -> Any:  # noqa: ANN401
    module = import_module(f"fit_tool.profile.messages.{kind}_message")
    name = "".join(word.capitalize() for word in kind.split("_"))
    return getattr(module, f"{name}Message")(local_id=MESSAGES.index(kind))


def _filled(message: Any, values: Mapping[str, object]) -> Any:  # noqa: ANN401
    for field, value in values.items():
        if value is not None:
            setattr(message, field, value)
    return message


def _file_id(findings: Findings, way: TimedTrack, kind: object) -> Any:  # noqa: ANN401
    """Return the header; two workouts differ in their number, or a watch would keep only one."""
    import numpy as np
    from fit_tool.profile.profile_type import Manufacturer

    lines = np.column_stack([way.lon, way.lat, way.distance_m, way.time_s])
    credit = (findings.streets.attribution, findings.heights.attribution or "")
    return _message(
        "file_id",
        type=kind,
        manufacturer=Manufacturer.DEVELOPMENT.value,
        product=0,
        serial_number=crc32(way.name.encode() + lines.tobytes()) or 1,
        time_created=_milliseconds(way, 0),
        product_name=short(
            ". ".join(("hillfinder", *filter(None, map(plain, credit)))), FIELD_OCTETS
        ),
    )


def _lap_message(findings: Findings, workout: Workout, way: TimedTrack) -> Any:  # noqa: ANN401
    from fit_tool.profile.profile_type import Event, EventType

    gain_m = workout.gain_m
    seconds = float(way.time_s[-1])
    return _message(
        "lap",
        message_index=0,
        timestamp=_milliseconds(way, -1),
        start_time=_milliseconds(way, 0),
        start_position_lat=float(way.lat[0]),
        start_position_long=float(way.lon[0]),
        end_position_lat=float(way.lat[-1]),
        end_position_long=float(way.lon[-1]),
        total_elapsed_time=seconds,
        total_timer_time=seconds,
        total_distance=float(way.distance_m[-1]),
        total_ascent=None if gain_m is None else round(gain_m),
        sport=_sport(findings),
        event=Event.LAP,
        event_type=EventType.STOP,
    )


def _track_records(way: TimedTrack) -> Iterator[Any]:
    from fit_tool.field import Field

    # A record here has 5 of its 84 fields: copied without the rest it takes a tenth of 3 ms.
    blank = _blank("record")
    fields = [field for field in blank.fields if field.name in RECORD_FIELDS]
    for at, height in enumerate(way.elevation_m.tolist()):
        record = copy(blank)
        record.fields = [Field.from_field(field) for field in fields]
        yield _filled(
            record,
            {
                "timestamp": _milliseconds(way, at),
                "position_lat": float(way.lat[at]),
                "position_long": float(way.lon[at]),
                "distance": float(way.distance_m[at]),
                "altitude": height if LOWEST_M <= height <= HIGHEST_M else None,
            },
        )


def _course_points(way: TimedTrack) -> list[Any]:
    from fit_tool.profile.profile_type import CoursePoint

    # Every watch has signs for bottoms and tops; only the newest for a crossing.
    signs: dict[CueKind, Any] = {
        "bottom": CoursePoint.VALLEY,
        "top": CoursePoint.SUMMIT,
        "mind": CoursePoint.DANGER,
    }
    return [
        _message(
            "course_point",
            message_index=index,
            timestamp=_milliseconds(way, cue.at),
            position_lat=float(way.lat[cue.at]),
            position_long=float(way.lon[cue.at]),
            distance=float(way.distance_m[cue.at]),
            type=signs[cue.kind],
            course_point_name=short(brief(cue.name, NAME_OCTETS), NAME_OCTETS),
        )
        for index, cue in enumerate(way.cues)
    ]


def _workout_steps(workout: Workout) -> list[dict[str, Any]]:
    """Return the fields of each step; a loop follows the steps that it repeats."""
    from fit_tool.profile.profile_type import WorkoutStepDuration, WorkoutStepTarget

    flat: list[dict[str, Any]] = []
    for before, step in zip((None, *workout.steps), workout.steps, strict=False):
        if step.kind == "repeat" and before is not None and before.kind == "warm-up":
            # The clock ends a warm-up anywhere; a way up is measured from the bottom.
            flat.append(_fit_step("To the bottom", "Press lap at the bottom to begin.", "REST"))
        flat.append(_workout_step(step, workout))
    steps: list[dict[str, Any]] = []
    while flat:
        size, times = _loop(flat)
        steps += flat[:size]
        if times > 1:
            steps.append(
                {
                    "duration_type": WorkoutStepDuration.REPEAT_UNTIL_STEPS_CMPLT,
                    "duration_step": len(steps) - size,
                    "target_type": WorkoutStepTarget.OPEN,
                    "target_repeat_steps": times,
                }
            )
        flat = flat[size * times :]
    return steps


def _loop(flat: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Return the number of first steps that recur at once, and how often they come in all."""
    best = (1, 1)
    for size in range(1, len(flat) // 2 + 1):
        times = 1
        while flat[size * times : size * (times + 1)] == flat[:size]:
            times += 1
        if times > 1 and size * times > best[0] * best[1]:
            best = (size, times)
    return best


def _workout_step(step: Step, workout: Workout) -> dict[str, Any]:
    far = ground(step.route.length_m)
    match step.kind:
        case "repeat":
            hill = next((hill for hill in workout.hills if hill.rank == step.rank), None)
            name, notes = "Up", None
            if hill is not None:
                notes = short(brief(f"{percent(hill.grade)} {hill.name}", NOTE_OCTETS), NOTE_OCTETS)
                if len(workout.hills) > 1:
                    name = short(brief(hill.name, NAME_OCTETS), NAME_OCTETS) or "Up"
            length_m = step.route.length_m
            return _fit_step(name, notes, "ACTIVE", "DISTANCE", duration_distance=length_m)
        case "warm-up":
            time_s = float(round(step.time_s))
            notes = f"{far} to the bottom."
            return _fit_step("Warm-up", notes, "WARMUP", "TIME", duration_time=time_s)
        case "recovery":
            return _fit_step("Down", "Press lap at the bottom.", "RECOVERY")
        case "easy":
            return _fit_step("Easy", f"{far} to the next bottom. Press lap there.", "RECOVERY")
        case "cool-down":
            return _fit_step("Cool-down", f"{far} home.", "COOLDOWN")


def _fit_step(
    name: str, notes: str | None, intensity: str, ends_by: str = "OPEN", **duration: float
) -> dict[str, Any]:
    """Return the fields of a step, which ends at the lap button unless it says otherwise."""
    from fit_tool.profile.profile_type import Intensity, WorkoutStepDuration, WorkoutStepTarget

    return {
        "workout_step_name": name,
        "duration_type": WorkoutStepDuration[ends_by],
        "target_type": WorkoutStepTarget.OPEN,
        "target_value": 0,
        "intensity": Intensity[intensity],
        "notes": notes,
        **(duration or {"duration_value": 0}),
    }


def _sport(findings: Findings) -> object:
    from fit_tool.profile.profile_type import Sport

    return Sport.WALKING if findings.criteria.walk else Sport.RUNNING


def _milliseconds(way: TimedTrack, at: int) -> int:
    """Return the time at a point, in ms since 1970."""
    return 1000 * (int(way.start.timestamp()) + int(way.time_s[at]))


COURSE = Format(
    name="fit",
    file="hill.fit",
    help="Write the session as a FIT course for a watch.",
    about="FIT course: the same with times; a watch announces each bottom and top, and side "
    "streets, crossings and gates on the first way up",
    make=lambda asked: to_fit(asked.findings, asked.session),
    holds="course",
)
WORKOUT = Format(
    name="workout",
    file="workout.fit",
    help="Write the session as a FIT workout: steps and a loop.",
    about="FIT workout: warm-up by the clock, ways up by their length, ways down until you press "
    "lap at the bottom, as a loop",
    make=lambda asked: to_workout(asked.findings, asked.session),
    holds="session",
)
