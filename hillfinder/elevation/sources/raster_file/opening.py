"""Open a raster file of this machine by the driver of its own format, and by no other.

GDAL opens whatever it is given: a list of web addresses under any ending, a file that names other
files. What may be opened is settled here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

#: GDAL's name of the format, by the first bytes of a file or by its ending.
_BY_START = {b"II": "GTiff", b"MM": "GTiff"}
_BY_ENDING = {
    ".hgt": "SRTMHGT",
    ".asc": "AAIGrid",
    ".grd": "AAIGrid",
    ".img": "HFA",
    ".dem": "USGSDEM",
    ".dt0": "DTED",
    ".dt1": "DTED",
    ".dt2": "DTED",
    ".bil": "EHdr",
    ".flt": "EHdr",
    ".vrt": "VRT",
}
#: Elements of a VRT that pastes files. Others compute, warp, or read bytes and addresses.
_VRT_ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """VRTDataset VRTRasterBand MaskBand SRS GeoTransform Metadata MDI BlockXSize BlockYSize
        Overview OverviewList NoDataValue HideNoDataValue ColorInterp Description UnitType Offset
        Scale Histograms HistItem HistMin HistMax BucketCount IncludeOutOfRange Approximate
        HistCounts
        SimpleSource ComplexSource AveragedSource NoDataFromMaskSource SourceFilename SourceBand
        SourceProperties SrcRect DstRect NODATA UseMaskBand ScaleOffset ScaleRatio""",
    )
)
#: First bytes of a file that a VRT names, which say whether it is one of text.
_SNIFFED_BYTES = 1024
_VRT_MOST_BYTES = 64 << 20


def open_file(path: str) -> DatasetReader:
    """Open a file of this machine by the driver of its own format, and by no other.

    Raises:
        HeightsError: there is no such file, it is packed in a way that is not read, or it is a VRT
            that refers to anything but files beside it.
    """
    import rasterio

    place = Path(path)
    if not place.is_file():
        msg = f"There is no elevation file {path}: give a GeoTIFF, VRT, HGT or zipped HGT."
        raise HeightsError(msg)
    name, ending = _inside_archive(place)
    if ending == ".vrt":
        _check_vrt(place)
        return rasterio.open(name, driver="VRT")
    driver = _BY_ENDING.get(ending, "GTiff")
    if driver != "SRTMHGT" and name == str(place):
        with place.open("rb") as file:
            driver = _BY_START.get(file.read(2), driver)
    return rasterio.open(name, driver=driver)


def no_model(name: str, error: object) -> HeightsError:
    """Return the error for a file that is no elevation model."""
    msg = (
        f"{name} cannot be read as an elevation model ({error}): it may be cut short, empty, or "
        "not what its ending says. Fetch it again."
    )
    if name.lower().endswith(".hgt"):
        msg += " An .hgt must have its corner for a name, such as N46E008.hgt."
    return HeightsError(msg)


def _inside_archive(path: Path) -> tuple[str, str]:
    """Return the name by which GDAL knows a file, zipped or not, and its ending in lower case."""
    ending = path.suffix.lower()
    if ending == ".gz":
        inner = Path(path.stem).suffix.lower()
        if inner != ".hgt":
            msg = f"{path.name} is packed: unpack it first, for instance with gunzip."
            raise HeightsError(msg)
        return f"/vsigzip/{path.resolve()}", inner
    if ending != ".zip":
        return str(path), ending
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as bundle:
            rasters = [
                name
                for name in bundle.namelist()
                if name.lower().endswith((".hgt", ".tif", ".tiff"))
                and not name.rpartition("/")[2].startswith("._")  # a Mac's shadow of each file
            ]
    except (BadZipFile, OSError) as error:
        msg = f"{path.name} is not a zip archive that can be read ({error}): fetch it again."
        raise HeightsError(msg) from error
    if len(rasters) != 1:
        what = f"{len(rasters)} rasters: unpack it" if rasters else "none: give another file"
        msg = f"{path.name} should hold one .hgt or .tif, and holds {what}."
        raise HeightsError(msg)
    return f"/vsizip/{{{path.resolve()}}}/{rasters[0]}", Path(rasters[0]).suffix.lower()


def _check_vrt(path: Path, seen: frozenset[Path] = frozenset()) -> None:
    """Refuse a VRT that does more than paste files which lie beside it, or below.

    GDAL opens whatever a VRT names: an address on the web, a password file, a program.
    """
    folder, seen = path.resolve().parent, seen | {path.resolve()}
    try:
        with path.open("rb") as file:
            text = file.read(_VRT_MOST_BYTES)
        root = ET.fromstring(text)  # noqa: S314 - expat expands no outer entities
    except (OSError, ET.ParseError) as error:
        raise no_model(path.name, error) from error
    # GDAL takes the names of elements in any case: what is not one of these is refused.
    odd = {each.tag for each in root.iter()} - _VRT_ELEMENTS
    odd |= {each.get("subClass", "") for each in root.iter()} - {""}
    if root.tag != "VRTDataset" or odd:
        what = ", ".join(sorted(odd)) or root.tag
        msg = (
            f"{path.name} is a VRT that does more than paste files ({what}): write it to a GeoTIFF "
            "first, for instance with gdal_translate."
        )
        raise HeightsError(msg)
    for source in root.iter("SourceFilename"):
        text_of = (source.text or "").strip()
        beside = folder / text_of  # an absolute path stays as it is
        target = beside.resolve()
        placed = Path(text_of).is_absolute() or source.get("relativeToVRT") == "1"
        if not placed or not target.is_relative_to(folder):
            msg = (
                f"{path.name} refers to {text_of}: a VRT may only name files in its own folder. "
                "Copy them there and build it again with gdalbuildvrt."
            )
            raise HeightsError(msg)
        if target in seen:
            continue
        if not target.is_file():
            msg = (
                f"{path.name} could not be read to its end: it refers to files that are not there "
                f"({text_of}). Fetch it again."
            )
            raise HeightsError(msg)
        with target.open("rb") as file:
            start = file.read(_SNIFFED_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
        ending = target.suffix.lower()
        if ending == ".vrt":
            _check_vrt(target, seen)
        elif start[:2] not in _BY_START and (ending not in _BY_ENDING or start[:1] in b"<{"):
            msg = f"{path.name} refers to {text_of}, which is no raster file."
            raise HeightsError(msg)
