"""The options that write files: one for each format, all checked before the search begins."""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hillfinder.output.formats import every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hillfinder.output.formats import Target

#: The files asked for, by the names of their formats.
Files = dict[str, Path]
Export = Annotated[
    Path | None,
    typer.Option("--export", metavar="DIR", help="Write every one of these into a folder."),
]


def with_an_option_each(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each format in place of its argument ``files``."""
    options = {
        each.name: Annotated[
            Path | None, typer.Option(f"--{each.name}", metavar="FILE", help=each.help)
        ]
        for each in every().values()
        if each.flag
    }

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 - whatever the other options hold
        named = {name: given.pop(name) for name in options}
        command(files={name: path for name, path in named.items() if path is not None}, **given)

    asked = signature(command, eval_str=True)
    parameters: list[Parameter] = []
    for each in asked.parameters.values():
        if each.name != "files":
            parameters.append(each)
            continue
        parameters += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=option)
            for name, option in options.items()
        ]
    run.__signature__ = asked.replace(parameters=parameters)  # type: ignore[attr-defined]
    kept = {name: hint for name, hint in command.__annotations__.items() if name != "files"}
    run.__annotations__ = kept | options
    return run


def faults(files: Mapping[str, Path], *, whole: bool, alone: bool) -> Iterator[str]:
    """Yield what is wrong with the options.

    Args:
        files: the files asked for one by one.
        whole: a folder for all was asked for.
        alone: courses are to hold a hill alone.
    """
    from hillfinder.units import listed

    courses = [each.name for each in every().values() if each.holds == "course"]
    if alone and not whole and files.keys().isdisjoint(courses):
        named = listed([f"--{name}" for name in courses])
        yield f"--course says what {named} hold, and there is none: give one"
    for name in files:
        if not every()[name].is_possible:
            yield f"--{name} {every()[name].missing}"


def targets_of(files: Mapping[str, Path], folder: Path | None, *, overwrite: bool) -> list[Target]:
    """Return all files to be written, those of a folder last; none is in the way.

    Raises:
        OutputError: with every fault: a file exists, is asked for twice, or cannot be written.
    """
    from hillfinder.output import atomic_write, formats

    rest = formats.targets_in(atomic_write.folder(folder)) if folder is not None else []
    targets = [*files.items(), *rest]
    atomic_write.check_writable(*(path for _, path in targets), overwrite=overwrite)
    return targets


def told(targets: Sequence[Target], folder: Path | None) -> Iterator[str]:
    """Yield what was written, in a sentence each."""
    from hillfinder.units import listed

    rest = [path.name for _, path in targets if folder is not None and path.parent == folder]
    alone = [str(path) for _, path in targets if folder is None or path.parent != folder]
    if alone:
        yield f"Wrote {listed(alone)}."
    if rest:
        yield f"Wrote {listed(rest)} to {folder}."
        for each in every().values():
            if each.file not in rest:
                yield f"Left out {each.file}: it {each.missing}."
