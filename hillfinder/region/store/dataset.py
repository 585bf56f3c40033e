"""The hills on disk: GeoParquet, sorted along a curve, that other programs open directly.

A dataset is a folder with ``hills-0000.parquet`` and so on, in GeoParquet 1.1. The covering has a
box for every row, so that a reader skips other places. The metadata under ``hillfinder`` says what
the rows were made from, as does GDAL's for QGIS. Readers ignore folders whose names begin with
``_``: the streets are in one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hillfinder.errors import DataError, InputError
from hillfinder.region.store import hill_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.dataset
    from geopandas import GeoDataFrame

    from hillfinder.model import Box, Floats, Ints

#: Version of the columns and metadata; a change that breaks a reader raises it.
SCHEMA_VERSION: Final = 1
#: Rows that are read or skipped together.
GROUP_ROWS: Final = 4096
#: Rows of a file.
FILE_ROWS: Final = 244 * GROUP_ROWS
ABOUT: Final = b"hillfinder"
#: GDAL's names of column types.
GDAL_TYPES: Final[Mapping[str, str]] = {
    "string": "String",
    "double": "Real",
    "list<item: int32>": "IntegerList",
    "list<item: int64>": "Integer64List",
    "list<item: double>": "RealList",
    "list<item: string>": "StringList",
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What each file of a dataset says about it.

    Attributes:
        values: as in JSON: ``schema_version``, ``made_by``, ``criteria``, ``sources``, ``columns``.
    """

    values: Mapping[str, Any]

    @property
    def length_m(self) -> tuple[float, float]:
        """Shortest and longest hill of the scan, m."""
        low, high = self.values["criteria"]["length_m"]
        return float(low), float(high)

    @property
    def grades(self) -> tuple[float, float]:
        """Least and greatest grade of the scan, as ratios."""
        low, high = self.values["criteria"]["grade"]
        return float(low), float(high)


def require_pyarrow() -> None:
    """Raise an InputError if PyArrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401 - to see whether it is installed
    except ImportError as error:
        msg = 'A catalogue of hills needs pyarrow, which is missing: pip install "hillfinder[scan]"'
        raise InputError(msg) from error


def file_name(number: int) -> str:
    """Return the name of a file of a dataset."""
    return f"hills-{number:04d}.parquet"


def write_file(
    parts: Iterable[pa.Table], path: Path, values: Mapping[str, Any], box: Box | None
) -> None:
    """Write rows, in their order, to a file of a dataset.

    It holds one part and one group of rows in memory, and the bytes do not depend on how the rows
    are split into parts.

    Args:
        parts: the rows.
        path: the file.
        values: those of the dataset's ``Metadata``.
        box: around all hills of the file; ``None`` where there are none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(values, box)
    # Hardly any number or line comes up twice.
    repeated = [column.name for column in schema if pa.types.is_string(column.type)]
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=repeated, write_page_checksum=True
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


def _schema(values: Mapping[str, Any], box: Box | None) -> pa.Schema:
    """Return the columns and the metadata of a file."""
    sides = ("xmin", "ymin", "xmax", "ymax")
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": ["LineString Z"],
        "covering": {"bbox": {side: ["bbox", side] for side in sides}},
    }
    if box is not None:
        column["bbox"] = list(box)
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    columns = hill_table.schema()
    metadata = {"geo": geo, ABOUT.decode(): values, **_for_gdal(columns, values)}
    return columns.with_metadata({key: json.dumps(value) for key, value in metadata.items()})


def _for_gdal(columns: pa.Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the descriptions that GDAL, and so QGIS, shows."""
    comments = {
        column.name: {
            "type": GDAL_TYPES[str(column.type)],
            "comment": hill_table.CATALOGUE_COLUMNS[column.name],
        }
        for column in columns
        if str(column.type) in GDAL_TYPES
    }
    sources = values.get("sources", {}).values()
    credits_ = [one["attribution"] for one in sources if one.get("attribution")]
    text = "Hills found by hillfinder. Grades are ratios, lengths metres."
    description = {"DESCRIPTION": " ".join([text, *credits_])}
    return {"gdal:schema": {"columns": comments}, "gdal:metadata": {"": description}}


def read_metadata(folder: Path) -> Metadata:
    """Return the metadata of a dataset.

    Raises:
        DataError: it is none, or of another version.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        values = json.loads(pq.read_schema(folder / file_name(0)).metadata[ABOUT])
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        msg = (
            f"{folder} is no catalogue of hills, or one that is not finished: give a folder that "
            "hillfinder scan has made, or call it again to go on."
        )
        raise DataError(msg) from error
    if values.get("schema_version") != SCHEMA_VERSION:
        msg = (
            f"{folder} is a catalogue of version {values.get('schema_version')}, and only "
            f"{SCHEMA_VERSION} can be read: scan the region again."
        )
        raise DataError(msg)
    return Metadata(values)


def count_hills(folder: Path) -> int:
    """Return how many hills a dataset holds."""
    import pyarrow.parquet as pq

    return sum(int(pq.read_metadata(path).num_rows) for path in _hill_files(folder))


def figures(folder: Path, columns: Sequence[str]) -> list[Floats]:
    """Return numeric columns of all hills."""
    table = _open_dataset(folder).to_table(list(columns))
    return [table[name].to_numpy() for name in columns]


def read_hills(folder: Path, wanted: Ints) -> GeoDataFrame:
    """Return some hills by their ascending row numbers, which become the index.

    It holds one group of other rows in memory.
    """
    import geopandas
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["name", "grade", "grade_sigma", "length_m", "foot_lon", "foot_lat", "geometry"]
    parts, passed = [], 0
    for path in _hill_files(folder):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                stop = passed + file.metadata.row_group(group).num_rows
                here = wanted[slice(*np.searchsorted(wanted, (passed, stop)))] - passed
                if len(here):
                    parts.append(file.read_row_group(group, columns).take(here))
                passed = stop
    hills = pa.concat_tables(parts).to_pandas()
    lines = geopandas.GeoSeries.from_wkb(hills.pop("geometry"), crs="OGC:CRS84")
    return geopandas.GeoDataFrame(hills, geometry=lines).set_index(pd.Index(wanted))


def hills_in_box(folder: Path, box: Box, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the hills whose own box touches ``box``, without reading others.

    Args:
        folder: the dataset.
        box: west, south, east, north; west is greater than east across the antimeridian.
        columns: those to read; ``None`` for all.

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
        return _open_dataset(folder).to_table(
            None if columns is None else list(columns), filter=wanted
        )
    except (OSError, ValueError, pa.ArrowException) as error:
        msg = f"A file of {folder} is damaged ({error}): scan again to replace it."
        raise DataError(msg) from error


def _open_dataset(folder: Path) -> pyarrow.dataset.Dataset:
    import pyarrow.dataset as ds

    checked = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    form = ds.ParquetFileFormat(default_fragment_scan_options=checked)
    return ds.dataset([str(path) for path in _hill_files(folder)], format=form)


def _hill_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("hills-*.parquet"))
