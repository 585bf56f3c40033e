"""Who does the tasks: this process, workers of this machine, or a cluster that exists already."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from hillfinder.errors import InputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from distributed import Client, LocalCluster

    from hillfinder.catalogue.tasks import Done

    Run: TypeAlias = Callable[[Callable[..., Done], Iterable[tuple[Any, ...]]], Iterator[Done]]

#: A task is tried again so often where its worker died or raised.
RETRIES = 3
#: What workers are told by their environment: each has one core, and glibc is not to give the
#: thread that does the tasks a store of its own, which maps every array anew.
ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"), 1
)
#: What workers import while the extract is still shared out: the tasks, and what these import late.
PRELOAD = (
    *("hillfinder.catalogue.tasks", "hillfinder.elevation.raster", "pandas", "pyarrow", "pyproj"),
    *("rasterio", "scipy.sparse.linalg", "scipy.spatial", "shapely"),
)
#: To reach a scheduler, and until the first of its workers is there.
PATIENCE_S, WORKER_WITHIN_S = 20, 60


@contextmanager
def workers(count: int | None, scheduler: str | None) -> Iterator[Run]:
    """Yield what does tasks, and yields what came of each as it is done.

    Workers are started beside whatever the caller does first, and waited for by the first tasks.

    Args:
        count: how many processes of this machine; 1 is this one alone, without Dask, and ``None``
            one for each core.
        scheduler: the address of a Dask scheduler, instead.

    Raises:
        InputError: Dask is missing, the address is none, or a script begins a scan in each worker.
        ServiceError: there is no scheduler at that address, it has no workers, or went away.
    """
    if count is None:
        count = os.cpu_count() or 1
    if scheduler is None and count == 1:
        yield lambda task, calls: (task(*call) for call in calls)
        return
    try:
        import distributed  # noqa: F401 - only whether it is there
    except ImportError as error:
        msg = 'Several workers need Dask, which is missing: pip install "hillfinder[scan]"'
        raise InputError(msg) from error
    with ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        stack.enter_context(_quietly())
        stack.enter_context(_settings())
        where: Callable[[], LocalCluster | str]
        if scheduler is None:
            where = beside.submit(lambda: stack.enter_context(_cluster(count))).result
        else:
            where = partial(str, scheduler)
            beside.submit(_ask, scheduler).result()
        client = cache(partial(_client, stack, where, scheduler))
        if scheduler is not None:  # before anything is done it is known whether it is there
            client()
        yield lambda task, calls: _through(client(), scheduler, task, calls)


def _ask(scheduler: str) -> None:
    """Ask whether there is a scheduler: Dask's client would wait forever for any other server."""
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


def _client(
    stack: ExitStack, where: Callable[[], LocalCluster | str], scheduler: str | None
) -> Client:
    """Return what hands tasks to workers, until the stack is closed."""
    from distributed import Client

    try:
        client = stack.enter_context(Client(where()))
        client.wait_for_workers(1, timeout=WORKER_WITHIN_S)
    except TimeoutError as error:
        why = f"none has come within {WORKER_WITHIN_S} s"
        raise _lost(why, scheduler) from error
    except (OSError, ValueError) as error:
        why = f"they cannot be reached: {error}"
        raise _lost(why, scheduler) from error
    except RuntimeError:
        msg = (
            "The workers cannot start. A script that scans with several calls it under "
            'if __name__ == "__main__":, since workers begin by reading the script; or with '
            "workers=1."
        )
        raise InputError(msg) from None  # what Dask says of it is a hundred lines
    else:
        return client


def _settings() -> AbstractContextManager[Any]:
    """Set what Dask and its workers go by."""
    import dask

    # Forked from a process that has Dask already, workers begin sooner; Windows cannot.
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    # Nobody looks at the profile of a worker, taken a hundred times a second. And not Dask's own
    # threshold for giving memory back: with it glibc maps every array anew, which costs a third of
    # the time.
    settings = {
        "distributed.comm.timeouts.connect": f"{PATIENCE_S}s",
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.worker.profile.enabled": False,
        "distributed.worker.multiprocessing-method": "forkserver" if forks else "spawn",
        "distributed.worker.preload": list(PRELOAD),
        "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
    }
    return cast("AbstractContextManager[Any]", dask.config.set(settings))


def _cluster(count: int) -> LocalCluster:
    """Return processes of this machine."""
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        host="127.0.0.1",
        # None would take port 8787 all the same, and complain where another scan has it.
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


def _through(
    client: Client,
    scheduler: str | None,
    task: Callable[..., Done],
    calls: Iterable[tuple[Any, ...]],
) -> Iterator[Done]:
    """Do tasks on workers; what is not begun when the caller has enough is not begun at all."""
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
                raise _lost(why, scheduler) from error
            except (CommClosedError, FutureCancelledError, TimeoutError) as error:
                why = "the scheduler does not answer"
                raise _lost(why, scheduler) from error
            yield done
    finally:
        with suppress(CommClosedError, TimeoutError):
            client.cancel(futures)


def _lost(why: str, scheduler: str | None) -> ServiceError:
    where = f"at {scheduler}" if scheduler is not None else "of this machine"
    return ServiceError(
        f"The workers {where} were lost ({why}). What is done is kept: call the scan again, and "
        "it goes on from there."
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep to itself what Dask logs of connections that break: what matters is raised."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
