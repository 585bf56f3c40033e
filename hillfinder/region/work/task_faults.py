"""What happens to a task whose worker fails."""

from __future__ import annotations

from hillfinder.errors import ServiceError

#: Retries of a task that raised, or whose worker died.
RETRIES = 3


def workers_lost(where: str, why: str) -> ServiceError:
    """Return the error for workers that were lost."""
    return ServiceError(
        f"The workers {where} were lost ({why}). What is done is kept: call the scan again, and "
        "it goes on from there."
    )
