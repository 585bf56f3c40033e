"""Progress reports to a user who waits."""

from __future__ import annotations


class Progress:
    """Ignores every report: override its methods to show them.

    They are called from several threads.
    """

    def asking(self, who: str) -> None:
        """Report a question to ``who``, a service with its host."""

    def received(self, who: str, size: int) -> None:
        """Report ``size`` more bytes from ``who``."""

    def waiting(self, why: str, wait_s: float) -> None:
        """Report a wait of ``wait_s`` seconds, and why: a sentence without a full stop.

        A wait of 0 seconds reports that one ended early.
        """

    def say(self, text: str) -> None:
        """Report a sentence to keep: a decision, or a failure that does not matter."""

    def scanned(self, share: float, street_m: float, hills: int, left_s: float) -> None:
        """Report the state of a scan: share of the region, metres of street, hills, time left."""
