"""Solve symmetric systems on streets, eliminating the unknowns inside edges first.

Nine unknowns of ten lie inside an edge and are tied to the two before and after them, and at the
edge's ends to a few others. The insides of all edges are one band, for which LAPACK takes 0.1 us a
row; a general factorisation takes 1 us. What is left are the junctions, a network that is nearly
planar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hillfinder.model import Bools, Floats, Ints


class Ties(NamedTuple):
    """Entries off the diagonal, once for both halves of the matrix: each of shape (k,).

    Entries given twice are added.
    """

    one: Ints
    other: Ints
    value: Floats

    def those(self, wanted: Bools) -> Ties:
        """Return the entries chosen."""
        rows = np.flatnonzero(wanted)
        return Ties(self.one.take(rows), self.other.take(rows), self.value.take(rows))

    @classmethod
    def joined(cls, parts: Sequence[Ties]) -> Ties:
        """Return the entries of several."""
        return cls(
            np.concatenate([part.one for part in parts]),
            np.concatenate([part.other for part in parts]),
            np.concatenate([part.value for part in parts]),
        )


class Factors:
    """The factors of a symmetric system, by which it is solved for any right side.

    With the unknowns inside edges ``x``, the others ``y``, and the matrix ``[[K, C], [C', B]]``:
    ``(B - C' K^-1 C) y = b - C' K^-1 a``, then ``x = K^-1 (a - C y)``.
    """

    def __init__(
        self, diagonal: Floats, ties: Ties, first: int, edge: Ints, turn: Ints | None = None
    ) -> None:
        """Factorise.

        Args:
            diagonal: shape (n,).
            ties: the rest of the matrix.
            first: the unknowns from this one on lie inside edges.
            edge: shape (k,), which edges these are, each a run of its own: an unknown is tied to
                none inside another edge, and to the next ones in its own, which are the ``other``
                of a tie. They make a positive definite matrix; the rest needs no pivots either.
            turn: the order in which to eliminate the others, least number first. ``None`` finds a
                good order, which takes as long as the factors.
        """
        self._first, self._last = first, first + len(edge)
        of_one, of_other = ((end >= first) & (end < self._last) for end in ties[:2])
        within = of_one & of_other
        # The others fall on its diagonal, which is overwritten: faster than selecting.
        one, other = (np.where(within, end - first, 0) for end in ties[:2])
        self._band = _banded(diagonal[first : self._last], Ties(one, other, ties.value))

        across = ties.those(of_one != of_other)
        turned = of_other[of_one != of_other]
        self._row = np.where(turned, across.other, across.one) - first
        self._col = self._outside(np.where(turned, across.one, across.other))
        self._pull = across.value
        of_edge, edges = edge[self._row], int(edge.max(initial=-1)) + 1

        beyond = ties.those(~(of_one | of_other))
        left = [Ties(self._outside(beyond.one), self._outside(beyond.other), beyond.value)]
        diagonal = np.concatenate([diagonal[:first], diagonal[self._last :]])
        beside: list[tuple[Ints, Ints]] = []
        self._replies: list[tuple[Ints, Floats]] = []
        todo = np.arange(len(self._row))
        while len(todo):  # one neighbour of every edge at a time: it has four at most
            node = np.full(edges, -1)
            node[of_edge[todo]] = self._col[todo]
            done = node[of_edge[todo]] == self._col[todo]
            beside.append((todo[done], node))
            todo = todo[~done]
            at = beside[-1][0]
            reply = self._band(_sum_at(self._row[at], self._pull[at], len(edge)))
            self._replies.append((node[edge], reply))
            for at, mate in beside:
                met = _sum_at(of_edge[at], self._pull[at] * reply[self._row[at]], edges)
                have = (node >= 0) & (mate >= 0)
                if mate is node:
                    diagonal -= _sum_at(node[have], met[have], len(diagonal))
                else:
                    left.append(Ties(node[have], mate[have], -met[have]))
        self._rest, self.turn = _general(diagonal, Ties.joined(left), turn)

    def solve(self, right: Floats) -> Floats:
        """Return the unknowns for a right side: both of shape (n,)."""
        first, last = self._first, self._last
        inner = self._band(right[first:last])
        outer = np.concatenate([right[:first], right[last:]])
        outer -= _sum_at(self._col, self._pull * inner[self._row], len(outer))
        outer = self._rest(outer)
        for beside, reply in self._replies:
            inner -= reply * outer[beside]  # 0 without a neighbour
        return np.concatenate([outer[:first], inner, outer[first:]])

    def _outside(self, unknown: Ints) -> Ints:
        """Return the numbers of unknowns among those outside edges."""
        return np.where(unknown < self._first, unknown, unknown - (self._last - self._first))


def _sum_at(at: Ints, value: Floats, size: int) -> Floats:
    """Return the sum of the values at each of ``size`` places."""
    return np.bincount(at, value, size).astype(np.float64, copy=False)


def _banded(diagonal: Floats, ties: Ties) -> Callable[[Floats], Floats]:
    """Return the solver of a system in which each unknown is tied to the few next ones."""
    from scipy.linalg import cho_solve_banded, cholesky_banded
    from scipy.linalg.lapack import dpttrf, dpttrs

    size = len(diagonal)
    if size == 0:
        return lambda right: right
    apart = ties.other - ties.one
    wide = int(apart.max(initial=0)) + 1
    # Row k of the band is the diagonal k below the first.
    band = _sum_at(apart * size + ties.one, ties.value, wide * size).reshape(wide, size)
    if wide == 2:
        main, below, _ = dpttrf(diagonal, band[1, :-1])
        return lambda right: np.asarray(dpttrs(main, below, right)[0])
    band[0] = diagonal
    factor = cholesky_banded(band, overwrite_ab=True, lower=True, check_finite=False)
    return lambda right: np.asarray(cho_solve_banded((factor, True), right, check_finite=False))


def _general(
    diagonal: Floats, ties: Ties, turn: Ints | None
) -> tuple[Callable[[Floats], Floats], Ints]:
    """Return the solver of a sparse system that needs no pivots, and the turn of each unknown.

    Panels would take twice as long: the columns are short.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    index = np.arange(len(diagonal))
    given, place = index, index
    if turn is not None:
        given = np.argsort(turn, kind="stable")
        place = np.empty_like(index)
        place[given] = index
    entries = np.concatenate([ties.value, ties.value, diagonal[given]])
    one, other = place[ties.one], place[ties.other]
    at = (np.concatenate([one, other, index]), np.concatenate([other, one, index]))
    factors = splu(
        coo_array((entries, at), shape=(len(index),) * 2).tocsc(),
        permc_spec="MMD_AT_PLUS_A" if turn is None else "NATURAL",
        diag_pivot_thresh=0.0,
        relax=1,
        panel_size=1,
        options={"SymmetricMode": True},
    )
    if turn is None:
        return factors.solve, factors.perm_c
    return lambda right: factors.solve(right[given])[place], turn
