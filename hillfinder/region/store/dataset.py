"""The hills on disk: GeoParquet, sorted along a curve, that other programs open as it is.

A dataset is a folder with ``hills-0000.parquet`` and so on, in GeoParquet 1.1, each with a box
around every row as its covering, so that a reader skips what lies elsewhere. What the rows are made
of is in the metadata under ``hillfinder``, and in GDAL's words for QGIS. Folders whose names begin
with ``_`` are passed over by readers: there lie the streets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hillfinder.errors import DataError, InputError
from hillfinder.region.store import hill_table as table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.dataset
    from geopandas import GeoDataFrame

    from hillfinder.model import Box, Floats, Ints

#: What a reader may count on; a change that breaks one is a new number.
SCHEMA_VERSION: Final = 1
#: Rows that are read or passed over together, and rows of a file.
GROUP_ROWS, FILE_ROWS = 4096, 244 * 4096
STREETS: Final = "_streets"
ABOUT: Final = b"hillfinder"
#: What GDAL calls the types of columns.
GDAL_TYPES: Final[Mapping[str, str]] = {
    "string": "String",
    "double": "Real",
    "list<item: int32>": "IntegerList",
    "list<item: int64>": "Integer64List",
    "list<item: double>": "RealList",
    "list<item: string>": "StringList",
}


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a dataset in each of its files.

    Attributes:
        said: as JSON holds it: ``schema_version``, ``made_by``, ``criteria``, ``sources``,
            ``columns``.
    """

    said: Mapping[str, Any]

    @property
    def length_m(self) -> tuple[float, float]:
        """Shortest and longest hill that was looked for."""
        low, high = self.said["criteria"]["length_m"]
        return float(low), float(high)

    @property
    def grades(self) -> tuple[float, float]:
        """Least and greatest grade that was looked for."""
        low, high = self.said["criteria"]["grade"]
        return float(low), float(high)

    @property
    def margin_m(self) -> float:
        """How far from its border the streets of a cell are kept once more, for its neighbours."""
        return float(self.said["margin_m"])


def need() -> None:
    """Refuse, in one sentence, what asks for packages that are not installed."""
    try:
        import pyarrow.parquet  # noqa: F401 - only whether it is there
    except ImportError as error:
        msg = 'A catalogue of hills needs pyarrow, which is missing: pip install "hillfinder[scan]"'
        raise InputError(msg) from error


def name(number: int) -> str:
    """Return what a file of a dataset is called."""
    return f"hills-{number:04d}.parquet"


def write(parts: Iterable[pa.Table], path: Path, said: Mapping[str, Any], box: Box | None) -> None:
    """Write a file of a dataset: its rows, in the order in which they come.

    Memory is bounded by a part and a group of rows, and the bytes do not depend on how the rows
    come in parts.

    Args:
        parts: the rows.
        path: the file.
        said: what the dataset says of itself.
        box: around all hills of the file; ``None`` where there are none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(said, box)
    # Hardly a number or a line comes up twice.
    again = [column.name for column in schema if pa.types.is_string(column.type)]
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=again, write_page_checksum=True
    ) as file:
        for group in _groups(parts):
            file.write_table(group.cast(schema), row_group_size=GROUP_ROWS)


def _groups(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield rows in groups of one size, the last one smaller."""
    import pyarrow as pa

    held: list[pa.Table] = []
    rows = 0
    for part in parts:
        held.append(part)
        rows += part.num_rows
        if rows >= GROUP_ROWS:
            whole = pa.concat_tables(held).combine_chunks()
            while rows >= GROUP_ROWS:
                yield whole.slice(0, GROUP_ROWS).combine_chunks()
                whole = whole.slice(GROUP_ROWS)
                rows -= GROUP_ROWS
            held = [whole]
    if rows:
        yield pa.concat_tables(held).combine_chunks()


def _schema(said: Mapping[str, Any], box: Box | None) -> pa.Schema:
    """Return the columns, with all that is said of them."""
    sides = ("xmin", "ymin", "xmax", "ymax")
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": ["LineString Z"],
        "covering": {"bbox": {side: ["bbox", side] for side in sides}},
    }
    if box is not None:
        column["bbox"] = list(box)
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    columns = table.schema()
    words = {"geo": geo, ABOUT.decode(): said, **_for_gdal(columns, said)}
    return columns.with_metadata({key: json.dumps(value) for key, value in words.items()})


def _for_gdal(columns: pa.Schema, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GDAL, and so QGIS, shows of columns and of the whole."""
    comments = {
        column.name: {"type": GDAL_TYPES[str(column.type)], "comment": table.COLUMNS[column.name]}
        for column in columns
        if str(column.type) in GDAL_TYPES
    }
    sources = said.get("sources", {}).values()
    credits_ = [one["attribution"] for one in sources if one.get("attribution")]
    told = "Hills found by hillfinder. Grades are ratios, lengths metres."
    described = {"DESCRIPTION": " ".join([told, *credits_])}
    return {"gdal:schema": {"columns": comments}, "gdal:metadata": {"": described}}


def about(folder: Path) -> About:
    """Return what a dataset says of itself.

    Raises:
        DataError: it is none, or of another version.
    """
    need()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        said = json.loads(pq.read_schema(folder / name(0)).metadata[ABOUT])
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        msg = (
            f"{folder} is no catalogue of hills, or one that is not finished: give a folder that "
            "hillfinder scan has made, or call it again to go on."
        )
        raise DataError(msg) from error
    if said.get("schema_version") != SCHEMA_VERSION:
        msg = (
            f"{folder} is a catalogue of version {said.get('schema_version')}, and only "
            f"{SCHEMA_VERSION} can be read: scan the region again."
        )
        raise DataError(msg)
    return About(said)


def count(folder: Path) -> int:
    """Return how many hills a dataset holds."""
    import pyarrow.parquet as pq

    return sum(int(pq.read_metadata(path).num_rows) for path in _files(folder))


def figures(folder: Path, columns: Sequence[str]) -> list[Floats]:
    """Return columns of numbers of all hills."""
    read = _open(folder).to_table(list(columns))
    return [read[name].to_numpy() for name in columns]


def rows(folder: Path, wanted: Ints) -> GeoDataFrame:
    """Return some hills by their numbers, which grow and are the index; few are held besides."""
    import geopandas
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["name", "grade", "grade_sigma", "length_m", "foot_lon", "foot_lat", "geometry"]
    parts, passed = [], 0
    for path in _files(folder):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                stop = passed + file.metadata.row_group(group).num_rows
                here = wanted[slice(*np.searchsorted(wanted, (passed, stop)))] - passed
                if len(here):
                    parts.append(file.read_row_group(group, columns).take(here))
                passed = stop
    read = pa.concat_tables(parts).to_pandas()
    lines = geopandas.GeoSeries.from_wkb(read.pop("geometry"), crs="OGC:CRS84")
    return geopandas.GeoDataFrame(read, geometry=lines).set_index(pd.Index(wanted))


def read(folder: Path, box: Box, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the hills whose own box touches ``box``; what lies elsewhere is not read.

    Args:
        folder: the dataset.
        box: west, south, east, north; west is greater than east across the antimeridian.
        columns: what is read of them; all where nothing is said.

    Raises:
        DataError: a file is damaged.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    west, south, east, north = box
    column = ds.field("bbox", "xmin"), ds.field("bbox", "xmax")
    across = (column[0] <= east), (column[1] >= west)
    wanted = across[0] & across[1] if west <= east else across[0] | across[1]
    wanted &= (ds.field("bbox", "ymin") <= north) & (ds.field("bbox", "ymax") >= south)
    try:
        return _open(folder).to_table(None if columns is None else list(columns), filter=wanted)
    except (OSError, ValueError, pa.ArrowException) as error:
        msg = f"A file of {folder} is damaged ({error}): scan again, and it is made anew."
        raise DataError(msg) from error


def _open(folder: Path) -> pyarrow.dataset.Dataset:
    import pyarrow.dataset as ds

    checked = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    form = ds.ParquetFileFormat(default_fragment_scan_options=checked)
    return ds.dataset([str(path) for path in _files(folder)], format=form)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("hills-*.parquet"))
