"""What is told to a person who waits, while the rooms work."""

from __future__ import annotations

__all__ = ["Progress"]


class Progress:
    """Takes what is going on and keeps it to itself: a face that shows it overrides the methods.

    They are called from several threads.
    """

    def asking(self, who: str) -> None:
        """A question goes out to ``who``, a service with its host."""

    def received(self, who: str, size: int) -> None:
        """``size`` more bytes came from ``who``."""

    def waiting(self, why: str, wait_s: float) -> None:
        """Nothing happens for so many seconds, for a reason that is a sentence without a stop.

        None are left where it is over before they are.
        """

    def say(self, text: str) -> None:
        """A sentence to remember: what was decided, what went wrong and does not matter."""

    def scanned(self, share: float, street_m: float, hills: int, left_s: float) -> None:
        """So much of a region is done: a share of all, metres of street, hills; and time left."""
