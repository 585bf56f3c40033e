"""Start every service on loopback and say how to use them: ``python -m tests.world``."""

from __future__ import annotations

import sys
import threading

from tests.world.whole import PORTLAND, World, portland


def main(town: str = "") -> None:
    """Serve until interrupted: Portland, or ``town``, the made-up one."""
    real = PORTLAND.is_dir() and town != "town"
    with World(portland() if real else None).lay_out() as world:
        print("Set these, then search; Ctrl-C here ends it.\n")
        for name, value in world.environment.items():
            print(f'export {name}="{value}"')
        print("export HILLFINDER_CACHE_DIR=$(mktemp -d)")
        print(f'\nhillfinder near "{world.place}"')
        print(f'hillfinder near "{world.city.name}"')
        print(f'hillfinder near "{world.place}" --elevation mapterhorn')
        print(f'hillfinder sources "{world.place}"')
        print("hillfinder check\n")
        for name, service in world.services.items():
            print(f'curl "{service.url}/fault?name=504&times=2"    # {name} fails twice')
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"\nAsked: {world.asked}")


if __name__ == "__main__":
    main(*sys.argv[1:])
