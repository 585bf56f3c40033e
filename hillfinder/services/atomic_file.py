"""Write a file whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: How the temporary files are named.
PART_NAME = re.compile(r"\.hillfinder-[0-9a-f]{12}\.part")


def write_atomically(path: Path, data: bytes, *, synced: bool) -> None:
    """Write ``data`` to a temporary file beside ``path``, then move it there.

    Readers see the old file or the new one, never a part. After any failure, an interruption too,
    the temporary file is removed; only a killed process leaves it behind.

    Args:
        path: the file to write or replace; its folder exists.
        data: the content.
        synced: wait until the disk has it. Without, a power failure may damage it, and the reader
            must be able to tell.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".hillfinder-{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
