"""Write results to disk: whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from hillfinder.errors import OutputError
from hillfinder.services.atomic_file import write_atomically

_ADVICE = ": give another name, or ask for it to be replaced (--force, or in Python overwrite=True)"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def replace(
    path: Path | str, data: bytes | str, *, overwrite: bool = False, synced: bool = True
) -> Path:
    """Write ``data`` to ``path`` by way of a temporary file beside it: whole or not at all.

    Args:
        path: the file; a link is followed. Its folder must exist.
        data: the content; text is written as UTF-8, line ends as they are.
        overwrite: an existing file may be replaced.
        synced: wait until the disk has it. Otherwise the reader must check it: it may be damaged
            when the power fails.

    Returns:
        The path written.

    Raises:
        OutputError: the file exists and must not be replaced, or it cannot be written.
    """
    check_writable(path, overwrite=overwrite)
    target = Path(os.path.realpath(path))
    try:
        content = data.encode() if isinstance(data, str) else data
        write_atomically(target, content, synced=synced)
    except OSError as error:
        raise OutputError(_sentence(path, error)) from error
    return Path(path)


def check_writable(*paths: Path | str, overwrite: bool = False) -> None:
    """Refuse paths that cannot be written, before a long search.

    Raises:
        OutputError: a file exists and must not be replaced, is no ordinary file, has no folder,
            or is given twice; every fault is named.
    """
    faults, error = [], None
    seen: set[str] = set()
    for path in paths:
        try:
            fault = _fault(Path(path), overwrite=overwrite)
            target = os.path.realpath(path)
        except (OSError, ValueError) as caught:
            fault, error, target = _sentence(path, caught), caught, str(path)
        if target in seen:
            fault = f"{path} is asked for twice: give each file a name of its own."
        seen.add(target)
        faults += [fault.rstrip(".")] if fault else []
    if faults:
        msg = "; ".join(faults) + "."
        # Advice is given once, after the last fault.
        msg = msg.replace(_ADVICE, "", max(msg.count(_ADVICE) - 1, 0))
        raise OutputError(msg) from error


def folder(path: Path | str | None = None) -> Path:
    """Return a folder, made where it is missing; without a path, a new temporary one.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        if path is None:
            return Path(tempfile.mkdtemp(prefix="hillfinder-"))
        Path(path).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(_sentence(path or "A temporary folder", error)) from error
    return Path(path)


def _fault(target: Path, *, overwrite: bool) -> str | None:
    """Return why a path cannot be written, if that can be seen beforehand."""
    if target.is_dir():
        return f"{target} is a folder: give the name of a file in it."
    if target.exists() and not target.is_file():
        return f"{target} is not an ordinary file, and is left alone: give another name."
    if target.exists() and not overwrite:
        return f"{target} exists already{_ADVICE}."
    folder = Path(os.path.realpath(target)).parent
    if not folder.is_dir():
        return f"There is no folder {target.parent} for {target.name}: make it, or give another."
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return None


def _sentence(path: Path | str, error: OSError | ValueError) -> str:
    """Return what went wrong, and what to do."""
    if isinstance(error, OSError) and error.errno in FULL:
        return f"{path} cannot be written: the disk is full, or the file would be too large for it."
    if isinstance(error, PermissionError):
        return f"{path} cannot be written: you may not write there. Give another folder."
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"{path!s} cannot be written ({reason}): give another name."
