"""Scans in processes of their own, of which some are killed: what is said, and how it goes on."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pytest

import hillfinder as hf
from hillfinder.cli import main
from hillfinder.errors import ServiceError
from hillfinder.region.extract import osmium_process
from hillfinder.region.work import dask_cluster, worker_pool
from tests import regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.regions import Region

pytestmark = pytest.mark.slow
PYTHON = [sys.executable, "-m"]
HOLD = """
import os, sys, time
from pathlib import Path

def hold(event, _):
    folder = Path(os.environ["HELD_FOLDER"])
    if event == "os.rename" and not Path(os.environ["HELD_UNTIL"]).exists():
        parts = folder.glob(os.environ["HELD_AT"])
        if any(not part.name.startswith(".") for part in parts):
            until = time.monotonic() + 60
            while not Path(os.environ["HELD_UNTIL"]).exists() and time.monotonic() < until:
                time.sleep(0.01)

sys.addaudithook(hold)
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return regions.write(tmp_path_factory.mktemp("region"))


@pytest.fixture(scope="module")
def whole(region: Region, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole") / "hills"
    assert main([*words(region, folder), "--workers", "1"]) == 0
    return content(folder)


def words(region: Region, folder: Path) -> list[str]:
    return ["scan", str(region.osm), "--dem", str(region.dem), "-o", str(folder)]


def content(folder: Path) -> bytes:
    return (folder / "hills-0000.parquet").read_bytes()


@dataclass(frozen=True)
class Held:
    """A scan that finishes no file after the first of a kind until it is let go.

    The moment to strike does not depend on how busy the machine is.
    """

    folder: Path
    kind: str
    hook: Path

    @property
    def environment(self) -> dict[str, str]:
        self.hook.mkdir()
        (self.hook / "sitecustomize.py").write_text(HOLD)
        return {
            **os.environ,
            "PYTHONPATH": str(self.hook),
            "HELD_FOLDER": str(self.folder),
            "HELD_AT": self.kind,
            "HELD_UNTIL": str(self.hook / "go"),
        }

    def wait(self) -> None:
        """Wait for the first file."""
        wait_for(lambda: any(not path.name.startswith(".") for path in self.folder.glob(self.kind)))

    def let_go(self) -> None:
        (self.hook / "go").touch()


def start(
    region: Region,
    folder: Path,
    *more: str,
    limits: Callable[[], None] | None = None,
    held: Held | None = None,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PYTHON, "hillfinder", *words(region, folder), *more],
        env=held.environment if held else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limits,  # noqa: PLW1509 - no thread runs here
        start_new_session=True,
    )


def wait_for(there: Callable[[], object], patience_s: float = 60.0) -> None:
    until = time.monotonic() + patience_s
    while not there():
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize("kind", ["_scan/partitions/*", "_streets/*", "_scan/hills/*"])
def test_a_scan_that_was_killed_goes_on(
    region: Region, whole: bytes, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "hills"
    held = Held(folder, kind, tmp_path / "hook")
    with start(region, folder, "--workers", "1", "--tiles", "9", held=held) as process:
        held.wait()
        process.kill()
    assert not (folder / "hills-0000.parquet").exists()
    assert main([*words(region, folder), "--workers", "1"]) == 0
    assert content(folder) == whole


def test_what_is_small_or_missing_is_given_no_workers(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[None] = []
    monkeypatch.setattr(worker_pool, "_begin_to_fork", lambda: begun.append(None))
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    large = tmp_path / "large.osm.pbf"
    large.write_bytes(bytes(worker_pool.SMALL_BYTES))
    assert worker_pool.begin(region.osm, None, None) == 1
    assert worker_pool.begin(large, 1, None) == 1
    assert worker_pool.begin(large, 2, "tcp://10.0.0.1:8786") == 0
    assert worker_pool.begin(tmp_path / "missing.osm.pbf", 2, None) == 2
    assert not begun
    assert worker_pool.begin(large, None, None) == 6
    assert worker_pool.begin(region.osm, 2, None) == 2
    assert len(begun) == 2


def test_what_workers_are_told_stays_with_them(region: Region, tmp_path: Path) -> None:
    names = tuple(worker_pool.ENVIRONMENT)
    before = [os.environ.get(name) for name in names]
    hf.scan(region.osm, tmp_path / "hills", dem=region.dem, workers=2)
    assert [os.environ.get(name) for name in names] == before


def test_a_worker_that_was_killed_is_replaced(region: Region, whole: bytes, tmp_path: Path) -> None:
    import psutil

    folder = tmp_path / "hills"
    held = Held(folder, "_streets/*", tmp_path / "hook")
    with start(region, folder, "--workers", "2", "--tiles", "9", held=held) as process:
        held.wait()
        # What begins the workers is the one child that has children.
        children = psutil.Process(process.pid).children()
        workers = [worker for child in children for worker in child.children()]
        workers[-1].kill()
        held.let_go()
        _, err = process.communicate(timeout=120)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert content(folder) == whole


def test_workers_end_with_the_scan_that_was_killed_and_listen_to_nobody(
    region: Region, tmp_path: Path
) -> None:
    import psutil

    folder = tmp_path / "hills"
    held = Held(folder, "_streets/*", tmp_path / "hook")
    with start(region, folder, "--workers", "2", "--tiles", "9", held=held) as process:
        held.wait()
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 3  # what begins the workers, and two of them
        ports = [port for each in started for port in each.net_connections("inet")]
        process.kill()
        process.communicate(timeout=60)
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive
    assert not ports


class Cluster(NamedTuple):
    address: str
    scheduler: subprocess.Popen[bytes]
    held: Held


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Run a scheduler and a worker; both are ended afterwards, whatever became of them."""
    address = tmp_path / "scheduler.json"
    file = ["--scheduler-file", str(address), "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = subprocess.Popen(
        [*PYTHON, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *file],
        **quiet,  # type: ignore[call-overload]
    )
    wait_for(lambda: address.exists() and address.read_text().rstrip().endswith("}"))
    held = Held(tmp_path / "hills", "_streets/*", tmp_path / "hook")
    worker = subprocess.Popen(
        [*PYTHON, "distributed.cli.dask_worker", "--nthreads", "1", "--death-timeout", "30", *file],
        env=held.environment,
        **quiet,  # type: ignore[call-overload]
    )
    try:
        import json

        yield Cluster(json.loads(address.read_text())["address"], scheduler, held)
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.wait()


def test_a_cluster_that_exists_does_it_too(
    region: Region, whole: bytes, tmp_path: Path, cluster: Cluster
) -> None:
    cluster.held.let_go()
    assert main([*words(region, tmp_path / "hills"), "--scheduler", cluster.address]) == 0
    assert content(tmp_path / "hills") == whole


def test_a_scan_goes_on_after_its_scheduler_was_killed(
    region: Region, whole: bytes, tmp_path: Path, cluster: Cluster
) -> None:
    folder = tmp_path / "hills"
    address, scheduler, held = cluster.address, cluster.scheduler, cluster.held
    with start(region, folder, "--scheduler", address, "--tiles", "9") as process:
        held.wait()
        scheduler.kill()
        scheduler.wait()
        held.let_go()
        _, err = process.communicate(timeout=120)
    assert process.returncode == 4
    assert "the scheduler does not answer" in err
    assert "Traceback" not in err
    assert main([*words(region, folder), "--workers", "1"]) == 0
    assert content(folder) == whole


def test_a_scheduler_that_is_not_there_is_told(
    region: Region,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE_S", 2)
    asked = [*words(region, tmp_path / "hills"), "--scheduler"]
    assert main([*asked, "tcp://127.0.0.1:9"]) == 4
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert main([*asked, "tcp://127.0.0.1"]) == 2
    assert "is no address of a scheduler" in capsys.readouterr().err


def test_a_server_that_is_no_scheduler_is_told(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ServiceError, match=f"No Dask scheduler answers at {address}"):
            hf.scan(region.osm, tmp_path / "hills", dem=region.dem, scheduler=address)


def test_a_scheduler_without_a_worker_is_told(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(dask_cluster, "WORKER_WITHIN_S", 1)
    with LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        with pytest.raises(ServiceError, match="none has come within 1 s"):
            hf.scan(region.osm, tmp_path / "hills", dem=region.dem, scheduler=address)


def test_an_extract_is_not_blamed_for_a_reader_that_was_killed(tmp_path: Path) -> None:
    import psutil

    extract = tmp_path / "endless.osm"
    os.mkfifo(extract)  # nothing comes of it
    before = psutil.Process().children()
    with osmium_process.street_lines(extract, tmp_path) as pieces:
        (reader,) = set(psutil.Process().children()) - set(before)
        reader.kill()
        with pytest.raises(ServiceError, match="was killed, perhaps for want of memory"):
            list(pieces)


@pytest.mark.parametrize("limit", [10_000, 60_000, 100_000])
def test_a_scan_goes_on_after_the_disk_was_full(
    region: Region, whole: bytes, tmp_path: Path, limit: int
) -> None:
    folder = tmp_path / "hills"

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with start(region, folder, "--workers", "1", limits=small) as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "room" in err or "cannot be written" in err
    assert not list(folder.rglob(".hillfinder-*"))
    assert main([*words(region, folder), "--workers", "1"]) == 0
    assert content(folder) == whole


@pytest.mark.parametrize("kind", ["_scan/lock", "_scan/plan.json", "_streets/*", "_scan/hills/*"])
def test_ctrl_c_ends_a_scan_and_its_workers(
    region: Region, whole: bytes, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "hills"
    held = Held(folder, kind, tmp_path / "hook")
    more = ["--workers", "2", "--tiles", "9", "--quiet"]
    with start(region, folder, *more, held=held) as process:
        held.wait()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert main([*words(region, folder), "--workers", "1"]) == 0
    assert content(folder) == whole


def test_a_script_that_begins_a_scan_in_each_worker_is_told(region: Region, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    files = f"{str(region.osm)!r}, {str(tmp_path / 'hills')!r}, dem={str(region.dem)!r}"
    script.write_text(f"import hillfinder as hf\nhf.scan({files}, workers=2)\n")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert '__name__ == "__main__"' in done.stderr.splitlines()[-1]
