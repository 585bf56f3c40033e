"""Print how near to the truth the grades are: ``python -m tests.accuracy [--half fit]``."""

from __future__ import annotations

import argparse
import sys

from tests.accuracy import made_up, magnolia, named, portland
from tests.accuracy.readings import METHODS
from tests.accuracy.sheet import SEEDS, Half, Sheet, within
from tests.towns import DATA


def main() -> int:
    """Run all sections and print the sheet."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=__doc__)
    parser.add_argument("--half", choices=sorted(SEEDS), default="report")
    half = Half(parser.parse_args().half)
    if not DATA.is_dir():
        sys.stderr.write(f"There is no real data beside the project ({DATA}).\n")
        return 1
    sheet = Sheet()
    sheet.say(
        "How near to the truth the grades are: ours beside the plain OSMnx way (nearest cell at "
        "the ends of whole edges), bilinear heights at the ends, and smoothing along each edge "
        "alone. Choices are fitted on windows on ways of even ids and on three draws of noise, and "
        "reported on ways of odd ids and three other draws; lists of hills are of the whole city, "
        "so that only the draws differ, and the targets of Magnolia take all its blocks. This is "
        f"the {half.name} half."
    )
    magnolia.section(sheet, half)
    city = portland.Portland(half)
    portland.section(sheet, city)
    made_up.section(sheet, half)
    _calibration(sheet)
    named.section(sheet, city)
    _targets(sheet)
    sys.stdout.write(sheet.text())
    return 0


def _calibration(sheet: Sheet) -> None:
    sheet.title(
        "4. Calibration: how often the truth lies within 1 and 2 sigma, in percent",
        "The sigma that ours tells, set against the errors of each method. A normal error gives 68 "
        "and 95. Portland's streets are moved here by what the search takes lines to be mapped "
        "off. Rough noise, and noise of a metre on cells of 5 m, are not what such models have, "
        "and set no target.",
    )
    rows = []
    for doubt in sheet.doubts:
        cells = [doubt.what]
        for method in METHODS:
            ratio = doubt.ratio.get(method)
            cells.append(
                "-" if ratio is None else f"{within(ratio, 1):.0f} / {within(ratio, 2):.0f}"
            )
        rows.append(cells)
        if not doubt.fair:
            continue
        one, two = (within(doubt.ratio["ours"], sigmas) for sigmas in (1, 2))
        sheet.target(
            f"{doubt.what}: 1 and 2 sigma",
            "60-76, 92-98 %",
            f"{one:.0f}, {two:.0f} %",
            met=60 <= round(one) <= 76 and 92 <= round(two) <= 98,
        )
    sheet.table(("errors of", *METHODS), rows)


def _targets(sheet: Sheet) -> None:
    sheet.title("6. What was to be shown")
    sheet.table(
        ("what", "wanted", "here", ""),
        [
            [target.what, target.wanted, target.value, "met" if target.met else "NOT MET"]
            for target in sheet.targets
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
