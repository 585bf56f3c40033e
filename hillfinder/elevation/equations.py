"""Symmetric systems on streets: what lies inside the edges is eliminated first.

Nine unknowns of ten lie inside an edge and are tied to the two before and after them, and at the
edge's ends to a few others. The insides of all edges are one band, for which LAPACK takes 0.1 us a
row; a general factorisation takes 1 us. What is left are the junctions, a network that is nearly
planar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse.linalg import SuperLU

    from hillfinder.model import Floats, Ints


class Factors:
    """The factors of a symmetric system, by which it is solved for any right side.

    With the unknowns inside edges ``x``, the others ``y``, and the matrix ``[[K, C], [C', B]]``:
    ``(B - C' K^-1 C) y = b - C' K^-1 a``, then ``x = K^-1 (a - C y)``.
    """

    def __init__(
        self, diagonal: Floats, one: Ints, other: Ints, value: Floats, inside: Ints
    ) -> None:
        """Factorise.

        Args:
            diagonal: shape (n,).
            one, other, value: shape (k,), the rest of the matrix, each pair of unknowns given one
                way round; what is given again is added.
            inside: shape (n,), the edge that an unknown lies inside, -1 where in none. Those of an
                edge follow each other, are tied to none of another edge, and make a positive
                definite matrix; the others need no pivots either.
        """
        from scipy.linalg import cho_solve_banded, cholesky_banded

        within = inside >= 0
        self._inner, self._outer = np.flatnonzero(within), np.flatnonzero(~within)
        place = np.empty(len(inside), np.int64)
        place[self._inner], place[self._outer] = np.arange(within.sum()), np.arange((~within).sum())
        edge = inside[self._inner]
        of_one, of_other = within[one], within[other]
        both = of_one & of_other
        self._band = cholesky_banded(
            _band(diagonal[self._inner], place[one[both]], place[other[both]], value[both]),
            overwrite_ab=True,
            lower=True,
            check_finite=False,
        )

        # What ties an edge's inside to others: each of these is one of its few neighbours.
        across = of_one != of_other
        swap = of_other[across]
        self._row = place[np.where(swap, other[across], one[across])]
        self._col = place[np.where(swap, one[across], other[across])]
        self._tie = value[across]
        pairs, pair = np.unique(edge[self._row] * len(within) + self._col, return_inverse=True)
        of_edge, neighbour = pairs // len(within), pairs % len(within)
        rank = np.arange(len(pairs)) - np.searchsorted(of_edge, of_edge)
        most = int(rank.max(initial=-1)) + 1
        spread = np.bincount(
            rank[pair] * len(edge) + self._row, self._tie, most * len(edge)
        ).reshape(most, len(edge))
        self._reply = cho_solve_banded((self._band, True), spread.T, True, False).T
        beside = np.full((int(inside.max(initial=-1)) + 1, most), -1)
        beside[of_edge, rank] = neighbour
        self._beside = np.maximum(beside, 0)[edge].T  # where there is none the reply is 0

        shift = np.array(
            [np.bincount(pair, self._tie * reply[self._row], len(pairs)) for reply in self._reply]
        ).reshape(most, len(pairs))
        far = beside[of_edge].T
        met = far >= 0
        among = ~of_one & ~of_other
        i, j = place[one[among]], place[other[among]]
        self._rest = _general(
            np.concatenate([np.broadcast_to(neighbour, met.shape)[met], i, j]),
            np.concatenate([far[met], j, i]),
            np.concatenate([-shift[met], value[among], value[among]]),
            diagonal[self._outer],
        )

    def solve(self, right: Floats) -> Floats:
        """Return the unknowns for a right side: both of shape (n,)."""
        from scipy.linalg import cho_solve_banded

        result = np.empty(len(right))
        inner = cho_solve_banded((self._band, True), right[self._inner], False, False)
        pull = np.bincount(self._col, self._tie * inner[self._row], len(self._outer))
        outer = self._rest.solve(right[self._outer] - pull)
        for reply, beside in zip(self._reply, self._beside, strict=True):
            inner -= reply * outer[beside]
        result[self._inner], result[self._outer] = inner, outer
        return result


def _band(diagonal: Floats, one: Ints, other: Ints, value: Floats) -> Floats:
    """Return a band matrix as LAPACK has it: row ``k`` is the diagonal ``k`` below the first."""
    size = len(diagonal)
    apart = np.abs(one - other)
    at = np.concatenate([np.arange(size), apart * size + np.minimum(one, other)])
    wide = int(apart.max(initial=0)) + 1
    return np.bincount(at, np.concatenate([diagonal, value]), wide * size).reshape(wide, size)


def _general(row: Ints, col: Ints, value: Floats, diagonal: Floats) -> SuperLU:
    """Return the factors of a sparse matrix, both halves of it and more of its diagonal given.

    It needs no pivots, and the order of elimination follows its shape. Its columns are too short
    for panels, which take twice as long.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    size = len(diagonal)
    index = np.arange(size)
    entries = np.concatenate([value, diagonal])
    at = (np.concatenate([row, index]), np.concatenate([col, index]))
    return splu(
        coo_array((entries, at), shape=(size, size)).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        relax=1,
        panel_size=1,
        options={"SymmetricMode": True},
    )
