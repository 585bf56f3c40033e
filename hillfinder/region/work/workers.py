"""Who does the tasks: this process, workers of this machine, or a cluster that exists already."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hillfinder.errors import InputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    from distributed import Client, LocalCluster

    from hillfinder.region.work.tasks import Done

    Run: TypeAlias = Callable[[Callable[..., Done], Iterable[tuple[Any, ...]]], Iterator[Done]]

#: A task is tried again so often where its worker died or raised.
RETRIES = 3
#: glibc gives freed arrays back to the system, and a tenth of a scan goes into mapping others anew.
#: So it is told to keep some: its names for how much, their numbers for ``mallopt``, bytes, and the
#: bytes that are usual.
KEPT_FREE = {
    "MALLOC_TRIM_THRESHOLD_": (-1, 256 << 20, 128 << 10),
    "MALLOC_TOP_PAD_": (-2, 64 << 20, 128 << 10),
    "MALLOC_MMAP_THRESHOLD_": (-3, 8 << 20, 128 << 10),
}
#: What workers are told by their environment: each has one core, glibc is not to give the thread
#: that does the tasks a store of its own, which maps every array anew, and what lies in the current
#: folder is not taken for a module of Python's.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    **dict.fromkeys(("MALLOC_ARENA_MAX", "PYTHONSAFEPATH"), "1"),
    **{name: str(size) for name, (_, size, _) in KEPT_FREE.items()},
}
#: What workers import while the extract is still shared out: the tasks, and what these import late.
PRELOAD = (
    *(
        "hillfinder.region.work.tasks",
        "hillfinder.elevation.sources.raster",
        "pandas",
        "pyarrow.compute",
    ),
    *("pyproj", "rasterio", "scipy.sparse.csgraph", "scipy.sparse.linalg", "scipy.spatial"),
    "shapely",
)
#: Of a smaller extract workers would take longer to begin than this process to end.
SMALL_BYTES = 2 << 20
#: To reach a scheduler, and until the first of its workers is there.
PATIENCE_S, WORKER_WITHIN_S = 20, 60


@contextmanager
def workers(count: int, scheduler: str | None) -> Iterator[Run]:
    """Yield what does tasks, and yields what came of each as it is done.

    Workers are started beside whatever the caller does first, and waited for by the first tasks.

    Args:
        count: how many processes of this machine; 1 is this one alone, without Dask.
        scheduler: the address of a Dask scheduler, instead.

    Raises:
        InputError: Dask is missing, the address is none, or a script begins a scan in each worker.
        ServiceError: there is no scheduler at that address, it has no workers, or went away.
    """
    if scheduler is None and count == 1:
        with _memory_kept():
            yield lambda task, calls: (task(*call) for call in calls)
        return
    if not _have_dask():
        msg = 'Several workers need Dask, which is missing: pip install "hillfinder[scan]"'
        raise InputError(msg)
    with _memory_kept(), ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        where: Callable[[], LocalCluster | str]
        if scheduler is None:
            where = beside.submit(_cluster, stack, count).result
        else:
            stack.enter_context(_dask())
            where = partial(str, scheduler)
            beside.submit(_ask, scheduler).result()
        client = cache(partial(_client, stack, where, scheduler))
        if scheduler is not None:  # before anything is done it is known whether it is there
            client()
        yield lambda task, calls: _through(client(), scheduler, task, calls)


def _ask(scheduler: str) -> None:
    """Ask whether there is a scheduler: Dask's client would wait forever for any other server."""
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


@contextmanager
def _dask() -> Iterator[None]:
    """Set what Dask goes by, and keep to itself what it logs of lost connections: it is raised."""
    import dask
    import distributed  # noqa: F401 - what it sets by itself comes first

    # Nobody looks at the profile of a worker, taken a hundred times a second, and fifty ticks and
    # ten looks at its memory a second take 3 % of a core that has tasks to do. And not Dask's own
    # threshold for giving memory back: with it glibc maps every array anew, which costs a third of
    # the time.
    settings = {
        "distributed.admin.tick.interval": "500ms",
        "distributed.comm.timeouts.connect": f"{PATIENCE_S}s",
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.worker.memory.monitor-interval": "1s",
        "distributed.worker.profile.enabled": False,
        "distributed.worker.multiprocessing-method": "forkserver" if _forks() else "spawn",
        "distributed.worker.preload": list(PRELOAD),
        "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
    }
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with dask.config.set(settings), _environment():
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _environment() -> Iterator[None]:
    """Put back at the end what workers are told: it is for them alone."""
    names = (*ENVIRONMENT, "PYTHONHASHSEED")  # Dask sets that one too
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Let glibc keep freed memory for the arrays to come; at the end it gives all of it back."""
    import ctypes

    try:
        libc = ctypes.CDLL(None)
        mallopt, trim = libc.mallopt, libc.malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        yield
        return
    for number, kept, _ in KEPT_FREE.values():
        mallopt(number, kept)
    try:
        yield
    finally:
        for number, _, usual in KEPT_FREE.values():
            mallopt(number, usual)
        trim(0)


def _have_dask() -> bool:
    return find_spec("distributed") is not None


def _forks() -> bool:
    """Tell whether workers can be forked from a process that has all they need; not on Windows."""
    return "forkserver" in multiprocessing.get_all_start_methods()


def begin(extract: Path, count: int | None, scheduler: str | None) -> int:
    """Return how many workers of this machine an extract is given; let them begin where several.

    What they import takes as long as what this process imports, so it is called first of all.
    """
    if scheduler is not None:
        return 0
    there = extract.is_file()
    if count is None:
        small = there and extract.stat().st_size < SMALL_BYTES
        count = 1 if small else os.cpu_count() or 1
    if count > 1 and there and _forks() and _have_dask():
        _begin_to_fork()
    return count


def _begin_to_fork() -> None:
    """Start the process that workers are forked from: it imports what they need meanwhile."""
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.set_forkserver_preload(["distributed", *PRELOAD])
    resource_tracker.ensure_running()  # it would lift what follows
    # Ctrl-C is for this process, which ends the others: they begin with deaf ears.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _environment():
            os.environ.update(ENVIRONMENT)  # Dask does so too, but too late for what is preloaded
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def _cluster(stack: ExitStack, count: int) -> LocalCluster:
    """Return processes of this machine, until the stack is closed."""
    if _forks():
        _begin_to_fork()
    from distributed import LocalCluster

    stack.enter_context(_dask())
    cluster = LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        host="127.0.0.1",
        # None would take port 8787 all the same, and complain where another scan has it.
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )
    return stack.enter_context(cluster)


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
