"""What an answer from a large catalogue costs: ``python -m tests.benchmarks.catalogues [HILLS]``.

Portland is scanned, and its hills are laid again and again east and north of it until there are a
million; the streets beside them are Portland's own. What the imports take is measured alone.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

import hillfinder as hf
from hillfinder.region.store import cells, dataset, hill_table
from tests.benchmarks.regions import EAST_DEG, NORTH_DEG, PORTLAND, run

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = "45.5152,-122.6784"
RUNS = 7
NEAR = """
import sys
from hillfinder.cli import main
code = main(["near", "{place}", "--catalogue", "{folder}"])
assert code == 0, code
print(" ".join(sorted(sys.modules)), file=open("{modules}", "w"))
"""
IMPORTS = """
import importlib
for name in open("{modules}").read().split():
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""


def main(hills: str = "1000000") -> int:
    """Print what near takes, what of it is imports, and what it read."""
    with TemporaryDirectory() as name:
        folder, modules = Path(name) / "hills", Path(name) / "modules"
        made = hf.scan(
            PORTLAND / "portland-central-filtered.osm.pbf",
            folder,
            dem=PORTLAND / "portland-ned.tif",
            workers=1,
        )
        many(folder, math.ceil(int(hills) / made.hills))
        print(f"{dataset.count_hills(folder):,} hills, {size_mb(folder):.0f} MB")
        words = {"place": PLACE, "folder": folder, "modules": modules}
        taken: dict[str, list[float]] = {"near --catalogue": [], "its imports alone": []}
        for _ in range(RUNS):
            for what, code in zip(taken, (NEAR, IMPORTS), strict=True):
                cost = run([sys.executable, "-c", code.format(**words)])
                assert cost is not None
                taken[what].append(cost.wall_s)
        for what, seconds in taken.items():
            print(f"{what:>20} {median(seconds):6.2f} s   ({min(seconds):.2f}-{max(seconds):.2f})")
        whole, imports = (median(seconds) for seconds in taken.values())
        print(f"{'beyond imports':>20} {whole - imports:6.2f} s")
    return 0


def many(folder: Path, copies: int) -> None:
    """Lay the hills of a catalogue again and again beside each other, in the order of datasets."""
    old = folder / dataset.file_name(0)
    rows = pq.read_table(old)
    about = dataset.read_metadata(folder).values
    side = math.ceil(math.sqrt(copies))
    moves = [(i % side * EAST_DEG, i // side * NORTH_DEG / 4) for i in range(copies)]
    parts = [moved(rows, *move) for move in moves]
    whole = pa.concat_tables(parts)
    x, y = cells.grid_positions(*(whole[key].to_numpy() for key in ("foot_lon", "foot_lat")))
    finer = 1 << hill_table.FINER
    column, row = (np.floor(each * finer).astype(np.int64) for each in (x, y))
    order = np.argsort(cells.hilbert(column, row, cells.ZOOM + hill_table.FINER), kind="stable")
    step, written = dataset.FILE_ROWS, []
    for number, begin in enumerate(range(0, len(order), step)):
        written.append(folder / f"{dataset.file_name(number)}.part")
        dataset.write_file(pieces(whole, order[begin : begin + step]), written[-1], about, None)
    for path in written:
        path.replace(path.with_suffix(""))


def pieces(whole: pa.Table, order: Any) -> Iterator[pa.Table]:
    """Yield rows in an order, some at a time."""
    for begin in range(0, len(order), 1 << 16):
        yield whole.take(order[begin : begin + (1 << 16)])


def moved(rows: pa.Table, east: float, north: float) -> pa.Table:
    """Return hills that lie elsewhere; they run along the same streets as before."""
    sides = {"xmin": east, "xmax": east, "ymin": north, "ymax": north}
    boxes = rows["bbox"].combine_chunks()
    by = np.array([east, north, 0.0])
    lines = shapely.from_wkb(rows["geometry"].to_pylist())
    lines = shapely.transform(lines, lambda points: points + by, include_z=True)
    new = {
        "bbox": pa.StructArray.from_arrays(
            [pa.array(boxes.field(side).to_numpy() + far) for side, far in sides.items()],
            list(sides),
        ),
        "geometry": pa.array(shapely.to_wkb(lines).tolist(), pa.binary()),
        **{
            key: pa.array(rows[key].to_numpy() + (north if key.endswith("lat") else east))
            for key in ("foot_lat", "foot_lon", "top_lat", "top_lon")
        },
    }
    for key, values in new.items():
        at = rows.schema.get_field_index(key)
        rows = rows.set_column(at, rows.schema.field(at), values.cast(rows.schema.field(at).type))
    return rows


def size_mb(folder: Path) -> float:
    """Return how large the files of a dataset are."""
    return sum(path.stat().st_size for path in folder.glob("hills-*.parquet")) / 1e6


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
