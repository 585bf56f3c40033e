"""All hills of an extract: streets, heights, climbs, one row a hill."""

from __future__ import annotations

import sys
from pathlib import Path

import hillfinder as hf
from hillfinder.climbs import ranking


def main(osm: str, *dems: str) -> None:
    network = hf.attach(hf.read_extract(Path(osm)), hf.Raster(dems))
    climbs = hf.find_climbs(network, hf.Criteria())
    sys.stdout.write(f"{network.total_length_m:.0f} {len(ranking.order(climbs))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
