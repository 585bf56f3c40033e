"""What holds for every test: nothing is kept where the person who runs them keeps things."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator


# How long an example takes is for the benchmarks: a busy machine is no fault.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Give a worker of ``-n`` whole files, so that what a file sets up is made once."""
    if config.getoption("numprocesses", None) and config.getoption("dist", "no") == "no":
        config.option.dist = "loadfile"


def pytest_configure() -> None:
    """Hear Ctrl-C also where the run is in the background, so that what tests start hears it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep to a cache that is gone afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HILLFINDER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
