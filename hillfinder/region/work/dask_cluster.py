"""Run the tasks on an existing Dask cluster."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hillfinder.errors import InputError, ServiceError
from hillfinder.region.work.task_faults import RETRIES, workers_lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from distributed import Client

    from hillfinder.region.work.tasks import Done, Run

#: Time to reach a scheduler, s.
PATIENCE_S = 20
#: Time to wait for the first worker of a scheduler, s.
WORKER_WITHIN_S = 60


@contextmanager
def cluster(scheduler: str) -> Iterator[Run]:
    """Yield a function that runs tasks on the workers of a scheduler.

    Raises:
        InputError: Dask is missing, or the address is invalid.
        ServiceError: no scheduler answers, it has no workers, or it was lost.
    """
    if find_spec("distributed") is None:
        msg = '--scheduler needs Dask, which is missing: pip install "hillfinder[scan]"'
        raise InputError(msg)
    from distributed import Client

    with _dask_settings():
        _ask_scheduler(scheduler)
        try:
            client = Client(scheduler)
        except (OSError, ValueError) as error:  # a TimeoutError too
            raise _lost_at(scheduler, f"they cannot be reached: {error}") from error
        with client:
            try:
                client.wait_for_workers(1, timeout=WORKER_WITHIN_S)
            except TimeoutError as error:
                raise _lost_at(scheduler, f"none has come within {WORKER_WITHIN_S} s") from error
            yield lambda task, calls: _on_cluster(client, scheduler, task, calls)


def _ask_scheduler(scheduler: str) -> None:
    """Check that a scheduler answers: Dask's client waits forever for any other server."""
    import asyncio

    from distributed import rpc

    async def ask() -> None:
        async with rpc(scheduler) as there:
            await there.identity()

    try:
        asyncio.run(asyncio.wait_for(ask(), PATIENCE_S))
    except ValueError as error:
        msg = f"{scheduler!r} is no address of a scheduler: give one such as tcp://10.0.0.1:8786."
        raise InputError(msg) from error
    except OSError as error:
        msg = f"No Dask scheduler answers at {scheduler}: see that it runs, and give its address."
        raise ServiceError(msg) from error


@contextmanager
def _dask_settings() -> Iterator[None]:
    """Configure Dask, and silence its log of lost connections, which are raised."""
    import dask
    import distributed  # noqa: F401 - its own settings come first

    settings = {
        "distributed.comm.timeouts.connect": f"{PATIENCE_S}s",
        "distributed.scheduler.allowed-failures": RETRIES,
    }
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with dask.config.set(settings):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _on_cluster(
    client: Client, scheduler: str, task: Callable[..., Done], calls: Iterable[tuple[Any, ...]]
) -> Iterator[Done]:
    """Run tasks on workers, and cancel the rest when the caller stops."""
    from distributed import as_completed
    from distributed.client import FutureCancelledError
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    futures = [client.submit(task, *call, pure=False, retries=RETRIES) for call in calls]
    try:
        for future in as_completed(futures):
            try:
                done = future.result()
            except KilledWorker as error:
                why = f"one task ended {RETRIES + 1} of them, perhaps for want of memory"
                raise _lost_at(scheduler, why) from error
            except (CommClosedError, FutureCancelledError, TimeoutError) as error:
                raise _lost_at(scheduler, "the scheduler does not answer") from error
            yield done
    finally:
        with suppress(CommClosedError, TimeoutError):
            client.cancel(futures)


def _lost_at(scheduler: str, why: str) -> ServiceError:
    return workers_lost(f"at {scheduler}", why)
