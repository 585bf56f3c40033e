"""Hills as GeoParquet 1.0, for data frames and databases."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from hillfinder.output.formats import Format
from hillfinder.output.records import DTYPES, frame
from hillfinder.output.text.phrases import credits_of

if TYPE_CHECKING:
    from hillfinder.model import Findings


def to_parquet(findings: Findings) -> bytes:
    """Return a row a hill: the columns of ``frame``, the same types when there is no hill.

    The metadata of the file names the sources, under ``attribution``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    frame(findings).to_parquet(file, index=False)
    table = pq.read_table(file)
    # A column of texts that are all unknown has no type of its own.
    for at, field in enumerate(table.schema):
        if DTYPES.get(field.name) == "object":
            table = table.set_column(at, field.name, table.column(at).cast(pa.string()))
    credit = {b"attribution": " ".join(credits_of(findings)).encode()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **credit})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


FORMAT = Format(
    name="parquet",
    file="hills.parquet",
    help='Write all hills as GeoParquet (pip install "hillfinder[parquet]").',
    about='all hills as GeoParquet: `pip install "hillfinder[parquet]"`',
    make=lambda asked: to_parquet(asked.findings),
    package=("pyarrow", "parquet"),
)
