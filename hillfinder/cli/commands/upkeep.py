"""The commands about hillfinder itself: what it keeps, and what it can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from hillfinder.cli import options, terminal

if TYPE_CHECKING:
    from hillfinder.services.disk_cache import Cache, Entry
    from hillfinder.services.service import Service

#: What a search rests on, as their packages are called.
PACKAGES = ("hillfinder", "osmnx", "osmium", "rasterio", "numpy", "scipy")


#: ``\b`` has typer keep the lines as they are.
CACHE: Final = """\b
Examples:
  hillfinder cache
  hillfinder cache --clear"""
CHECK: Final = """\b
Examples:
  hillfinder check
  hillfinder check --offline"""


def show_cache(
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Drop all that is kept.")] = False,
) -> None:
    """Show what is kept on this machine, or drop it.

    Streets, heights and places that were fetched once are kept, so that the next search is fast,
    spares the services, and works without a network. HILLFINDER_CACHE_DIR says where,
    HILLFINDER_CACHE_MB how much.
    """
    with terminal.errors_as_exit_codes():
        from hillfinder.services.client import Web

        cached = Web.from_environment().cache
        if clear:
            freed = cached.clear()
            terminal.put(f"Dropped {_megabytes(freed)} from {cached.folder}.\n")
            return
        terminal.put("\n".join(_contents(cached)) + "\n")


def check_services(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no service.")] = False,
    verbose: options.Verbose = False,
) -> None:
    """Say which services can be reached and how fast, what is kept, and which versions these are.

    The exit code is 4 where a service cannot be reached at any of its addresses.
    """
    with terminal.errors_as_exit_codes(verbose=verbose):
        from hillfinder.cli.commands import probes
        from hillfinder.output.text.sanitize import plain
        from hillfinder.services.client import Web

        web = Web.from_environment(offline=offline)
        reached: dict[Service, bool] = {}
        if web.offline:
            terminal.put("The network is switched off: no service is asked.\n")
        else:
            for found in probes.findings(web):
                reached[found.service] = reached.get(found.service, False) or found.reached
                mark = "ok   " if found.reached else "FAIL "
                said = f"{found.service.name} ({found.host}) {found.said}, {found.seconds:.1f} s"
                terminal.put(f"{mark}{plain(said)}\n")
        for service in (service for service, good in reached.items() if not good):
            name = service.name.replace("The ", "the ", 1)
            terminal.put(f"Without {name}: {service.instead}, or search where you did.\n")
        terminal.put(_contents(web.cache)[0] + "\n")
        terminal.put(f"Versions: {', '.join(_versions())}\n")
        if not all(reached.values()):
            raise typer.Exit(terminal.NO_SERVICE)


def _contents(cache: Cache) -> list[str]:
    """Return the contents of the cache, in lines."""
    from hillfinder.services.disk_cache import CACHE_KINDS

    lines = []
    total = 0
    for kind, words in CACHE_KINDS.items():
        entries = cache.entries(kind)
        size = sum(entry.size for entry in entries)
        total += size
        lines.append(f"  {len(entries)} {words}, {_megabytes(size)}")
        if kind == "areas":
            lines += [f"    {_area(entry)}" for entry in entries]
    head = f"Kept in {cache.folder}: {_megabytes(total)} of at most {cache.limit / 2**20:.0f} MB"
    return [head, *lines]


def _area(entry: Entry) -> str:
    """Return one area as a line: where, what of, how old."""
    import time

    from hillfinder.output.text.sanitize import plain

    box = entry.about.get("box")
    where = "all of it"
    if box:
        west, south, east, north = box
        where = f"{south:.2f} to {north:.2f}, {west:.2f} to {east:.2f}"
    days = (time.time() - entry.about.get("fetched", entry.written)) / 86_400
    age = f"{days:.0f} days old" if days >= 1 else "less than a day old"
    return plain(f"{where}, {age}, {_megabytes(entry.size)}: {entry.about.get('of', '')}", 200)


def _versions() -> list[str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return found


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MB"
