"""Run the tasks in this process, in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from hillfinder.errors import InputError
from hillfinder.region.work.task_faults import RETRIES, workers_lost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from hillfinder.region.work.tasks import Done, Run

#: Freed memory that glibc keeps; without it a tenth of a scan goes into mapping arrays again. For
#: each environment variable: the option number of ``mallopt``, bytes, and glibc's default.
KEPT_FREE = {
    "MALLOC_TRIM_THRESHOLD_": (-1, 256 << 20, 128 << 10),
    "MALLOC_TOP_PAD_": (-2, 64 << 20, 128 << 10),
    "MALLOC_MMAP_THRESHOLD_": (-3, 8 << 20, 128 << 10),
}
#: Environment of the workers: one core each, one heap for all threads, and no imports from the
#: current folder.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    **dict.fromkeys(("MALLOC_ARENA_MAX", "PYTHONSAFEPATH"), "1"),
    **{name: str(size) for name, (_, size, _) in KEPT_FREE.items()},
}
#: Modules that workers import while the extract is partitioned: the tasks, and their late imports.
PRELOAD = (
    "hillfinder.region.work.tasks",
    "hillfinder.elevation.sources.raster_file.raster",
    "pandas",
    "pyarrow.compute",
    "pyproj",
    "rasterio",
    "scipy.sparse.csgraph",
    "scipy.sparse.linalg",
    "scipy.spatial",
    "shapely",
)
#: Size below which an extract is scanned by this process alone, bytes.
SMALL_BYTES = 2 << 20


def begin(extract: Path, count: int | None, scheduler: str | None) -> int:
    """Return the number of worker processes for an extract, and begin to start them.

    Call it before importing more: workers import meanwhile.
    """
    if scheduler is not None:
        return 0
    there = extract.is_file()
    if count is None:
        small = there and extract.stat().st_size < SMALL_BYTES
        count = 1 if small else os.cpu_count() or 1
    if count > 1 and there and _can_fork():
        _begin_to_fork()
    return count


@contextmanager
def workers(count: int, scheduler: str | None) -> Iterator[Run]:
    """Yield a function that runs tasks and yields each result when it is done.

    Args:
        count: number of processes; 1 for this one alone.
        scheduler: the address of a Dask scheduler, instead.

    Raises:
        InputError: Dask is missing, the address is invalid, or each worker starts a scan.
        ServiceError: the workers were lost, or the scheduler does not answer.
    """
    with _memory_kept(), ExitStack() as stack:
        if scheduler is not None:
            from hillfinder.region.work.dask_cluster import cluster

            yield stack.enter_context(cluster(scheduler))
        elif count == 1:
            yield lambda task, calls: (task(*call) for call in calls)
        else:
            yield lambda task, calls: stack.enter_context(
                closing(_in_processes(count, task, calls))
            )


def _in_processes(
    count: int, task: Callable[..., Done], calls: Iterable[tuple[Any, ...]]
) -> Generator[Done, None, None]:
    """Run tasks in processes, and stop them when the caller stops."""
    left, failed, fruitless = dict(enumerate(calls)), dict[int, int](), 0
    while left:
        with _pool(count) as (pool, began):
            futures = {pool.submit(task, *call): number for number, call in left.items()}
            try:
                for future in as_completed(futures):
                    number = futures[future]
                    if (error := future.exception()) is None:
                        del left[number]
                        fruitless = 0
                        yield future.result()
                    elif isinstance(error, BrokenProcessPool):
                        raise error
                    else:
                        failed[number] = failed.get(number, 0) + 1
                        if failed[number] > RETRIES:
                            raise error
            except BrokenProcessPool as error:
                if not began.is_set():
                    msg = (
                        "The workers cannot start. A script that scans with several calls it under "
                        'if __name__ == "__main__":, since workers begin by reading the script; or '
                        "with workers=1."
                    )
                    raise InputError(msg) from None
                fruitless += 1
                if fruitless > RETRIES:
                    where = "of this machine"
                    why = f"one task ended {RETRIES + 1} of them, perhaps for want of memory"
                    raise workers_lost(where, why) from error


@contextmanager
def _pool(count: int) -> Iterator[tuple[ProcessPoolExecutor, Event]]:
    """Yield a pool of processes, and whether any has begun; end them all at the end."""
    context = multiprocessing.get_context("forkserver" if _can_fork() else "spawn")
    if _can_fork():
        _begin_to_fork()
    began = context.Event()
    # It closes however this process ends; then the workers end too.
    reader, writer = context.Pipe(duplex=False)
    with _worker_environment():
        pool = ProcessPoolExecutor(count, context, _begin_worker, (began, reader))
        try:
            yield pool, began
        finally:
            writer.close()
            pool.shutdown(cancel_futures=True)
            reader.close()


def _begin_worker(began: Event, alive: Connection) -> None:
    """End with the parent process, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(alive,), daemon=True).start()
    began.set()


def _end_with(alive: Connection) -> None:
    alive.poll(None)
    os._exit(1)


def _begin_to_fork() -> None:
    """Start the process that workers are forked from, and its imports."""
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.set_forkserver_preload(list(PRELOAD))
    resource_tracker.ensure_running()  # its start would unblock the signal
    # Ctrl-C is for this process, which ends the others: they start with it blocked.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _worker_environment():
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _worker_environment() -> Iterator[None]:
    """Set the environment of the workers, and restore it at the end."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Let glibc keep freed memory for the next arrays, and return it at the end."""
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


def _can_fork() -> bool:
    """Return whether workers can be forked from a server process; not on Windows."""
    return "forkserver" in multiprocessing.get_all_start_methods()
