"""Who does the tasks: this process, workers of this machine, or a cluster that exists already."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hillfinder.errors import InputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from distributed import Client

    from hillfinder.catalogue.tasks import Done

    Run: TypeAlias = Callable[[Callable[..., Done], Iterable[tuple[Any, ...]]], Iterator[Done]]

#: A task is tried again so often where its worker died or raised.
RETRIES = 3
#: To reach a scheduler.
PATIENCE = "20s"


@contextmanager
def workers(count: int | None, scheduler: str | None) -> Iterator[Run]:
    """Yield what does tasks, and yields what came of each as it is done.

    Args:
        count: how many processes of this machine; 1 is this one alone, without Dask, and ``None``
            one for each core.
        scheduler: the address of a Dask scheduler, instead.

    Raises:
        InputError: Dask is missing.
        ServiceError: there is no scheduler at that address, or it went away.
    """
    if count is None:
        count = os.cpu_count() or 1
    if scheduler is None and count == 1:
        yield lambda task, calls: (task(*call) for call in calls)
        return
    try:
        import distributed
    except ImportError as error:
        msg = 'Several workers need Dask, which is missing: pip install "hillfinder[scan]"'
        raise InputError(msg) from error
    try:
        with _client(count, scheduler) as client:
            yield lambda task, calls: _through(client, task, calls)
    except (distributed.CommClosedError, TimeoutError, distributed.scheduler.KilledWorker,
            distributed.client.FutureCancelledError, OSError) as error:
        raise _lost(error, scheduler) from error


@contextmanager
def _client(count: int, scheduler: str | None) -> Iterator[Client]:
    import dask
    from distributed import Client, LocalCluster

    quiet = {
        "distributed.comm.timeouts.connect": PATIENCE,
        "distributed.scheduler.allowed-failures": RETRIES,
        # A worker keeps nothing between tasks: memory is bounded by what it does.
        "distributed.worker.memory.terminate": False,
    }
    with dask.config.set(quiet):
        if scheduler is not None:
            with Client(scheduler) as client:
                yield client
            return
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=count,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


def _through(client: Client, task: Callable[..., Done], calls: Iterable[tuple[Any, ...]]) -> Iterator[Done]:
    """Do tasks on workers; what is not begun when the caller has enough is not begun at all."""
    from distributed import as_completed

    futures = [client.submit(task, *call, pure=False, retries=RETRIES) for call in calls]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        client.cancel(futures)


def _lost(error: Exception, scheduler: str | None) -> ServiceError:
    where = scheduler or "this machine"
    return ServiceError(
        f"The workers on {where} were lost ({type(error).__name__}: {error}). What is done is kept: "
        "call the scan again, and it goes on from there."
    )
