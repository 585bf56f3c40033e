"""Everything hillfinder raises on purpose, in one family.

    HillfinderError
    ├── InputError (ValueError)          what was typed or handed in cannot be used
    │   ├── PlaceError                     a place that is not one, or not on foot reach of a street
    │   └── CriteriaError                  options that contradict each other or are out of range
    ├── DataError                        a file or a reply that is not what it should be
    │   ├── StreetsError                   streets that cannot be read
    │   ├── HeightsError                   an elevation model that cannot be read or does not fit
    │   │   └── TerrainError                 what it says of these streets is no terrain
    │   └── LinesError                     lines to be measured that cannot be read
    ├── ServiceError (ConnectionError)   a service could not be reached or would not answer
    │   └── OfflineError                   a service would be needed, and the network is off
    └── OutputError (OSError)            a result could not be written

Each message is one sentence or two: the bad value, what was expected, what to do now.
"""

from __future__ import annotations


class HillfinderError(Exception):
    """The root: catch this to catch all that hillfinder raises on purpose."""


class InputError(HillfinderError, ValueError):
    """What was typed or handed in cannot be used."""


class PlaceError(InputError):
    """A place that is no place, or from which no street can be reached."""


class CriteriaError(InputError):
    """Options that contradict each other or are out of range."""


class DataError(HillfinderError):
    """A file or a reply is not what it should be."""


class StreetsError(DataError):
    """Streets that cannot be read, or hold nothing to walk on."""


class HeightsError(DataError):
    """An elevation model that cannot be read or does not fit the streets."""


class TerrainError(HeightsError):
    """Heights that are no terrain on the streets they were read for.

    Attributes:
        street_m: length of these streets, m.
    """

    def __init__(self, message: str, street_m: float = 0.0) -> None:
        """Keep the message and the length."""
        super().__init__(message)
        self.street_m = street_m


class LinesError(DataError):
    """Lines to be measured that cannot be read, or that are none."""


class ServiceError(HillfinderError, ConnectionError):
    """A service could not be reached, or would not answer."""


class OfflineError(ServiceError):
    """A service would be needed, and the network is switched off."""


class OutputError(HillfinderError, OSError):
    """A result could not be written."""
