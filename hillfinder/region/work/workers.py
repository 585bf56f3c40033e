"""Run the tasks: in this process, in processes of this machine, or on a Dask cluster."""

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

#: What glibc keeps of freed memory: without it a tenth of a scan goes into mapping arrays again.
#: By the name of the variable: the number of the option of ``mallopt``, bytes, and glibc's own.
KEPT_FREE = {
    "MALLOC_TRIM_THRESHOLD_": (-1, 256 << 20, 128 << 10),
    "MALLOC_TOP_PAD_": (-2, 64 << 20, 128 << 10),
    "MALLOC_MMAP_THRESHOLD_": (-3, 8 << 20, 128 << 10),
}
#: Environment of the workers: one core each, one heap for all threads, and no module is imported
#: from the current folder.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    **dict.fromkeys(("MALLOC_ARENA_MAX", "PYTHONSAFEPATH"), "1"),
    **{name: str(size) for name, (_, size, _) in KEPT_FREE.items()},
}
#: What workers import while the extract is still shared out: the tasks, and what these import late.
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
#: Where workers are that are processes, in words.
HERE = "of this machine"
#: Size below which an extract is scanned by this process alone, bytes.
SMALL_BYTES = 2 << 20


def begin(extract: Path, count: int | None, scheduler: str | None) -> int:
    """Return the number of workers of this machine for an extract, and begin to start them.

    Their imports take as long as those of this process, so call it before these.
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
    """Yield a function that runs tasks and yields the result of each as it is done.

    Args:
        count: processes of this machine; 1 is this one alone.
        scheduler: the address of a Dask scheduler, instead.

    Raises:
        InputError: Dask is missing, the address is none, or a script begins a scan in each worker.
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
    """Run tasks in processes; those under way are stopped when the caller has enough."""
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
                    why = f"one task ended {RETRIES + 1} of them, perhaps for want of memory"
                    raise workers_lost(HERE, why) from error


@contextmanager
def _pool(count: int) -> Iterator[tuple[ProcessPoolExecutor, Event]]:
    """Yield a pool of processes, and whether any has begun; at the end all are gone."""
    context = multiprocessing.get_context("forkserver" if _can_fork() else "spawn")
    if _can_fork():
        _begin_to_fork()
    began = context.Event()
    # Closed when this process ends, however it does: then the workers end too.
    reader, writer = context.Pipe(duplex=False)
    with _environment():
        pool = ProcessPoolExecutor(count, context, _begin_worker, (began, reader))
        try:
            yield pool, began
        finally:
            writer.close()
            pool.shutdown(cancel_futures=True)
            reader.close()


def _begin_worker(began: Event, alive: Connection) -> None:
    """Let a worker end with the process that began it, and leave Ctrl-C to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(alive,), daemon=True).start()
    began.set()


def _end_with(alive: Connection) -> None:
    alive.poll(None)
    os._exit(1)


def _begin_to_fork() -> None:
    """Start the process that workers are forked from: it imports what they need meanwhile."""
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.set_forkserver_preload(list(PRELOAD))
    resource_tracker.ensure_running()  # it would lift what follows
    # Ctrl-C is for this process, which ends the others: they begin with it blocked.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _environment():
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


@contextmanager
def _environment() -> Iterator[None]:
    """Set the environment of the workers, and put back that of this process."""
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


def _can_fork() -> bool:
    """Tell whether workers can be forked from a process that has all they need; not on Windows."""
    return "forkserver" in multiprocessing.get_all_start_methods()
