"""A model with most of its columns fixed: what is left to decide, as small rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from matcher.domain import TierName
from matcher.rules.model import UNBOUNDED, Bools, Ints, Model


@dataclass(frozen=True)
class Hold:
    """A row over all columns, `gain @ columns >= low`: an earlier tier keeps what it has."""

    gain: Ints
    low: int


@dataclass(frozen=True)
class Reduced:
    """Rows `low <= matrix @ columns[free] <= high`; every row can be broken by the free columns.

    Example: of a row 0 + 1 + 2 <= 2 with column 0 fixed at 1 and the others free, 1 + 2 <= 1 is left; with column 0
    fixed at 0 nothing is, since 1 + 2 <= 2 always holds.
    """

    free: Ints
    """The numbers of the free columns in the model, shape (free,)."""
    rows: Ints
    """The numbers of the rows in the model, in order; the holds' come after them and are not among these."""
    lazy: Bools
    """Of each row, those of the holds included, as in `Model.add_rows`."""
    matrix: sparse.csr_array
    """Shape (rows and holds, free)."""
    low: Ints
    high: Ints


class Scope:
    """A model seen with interest in some tiers only: the counting columns of the others are left out, rows and all."""

    def __init__(self, model: Model, tiers: Iterable[TierName]) -> None:
        self.model = model
        wanted = {*tiers, TierName.TOLD_REACH}  # whose counts stand in the row of a repair that holds it
        rows, columns = np.ones(model.rows, dtype=bool), np.ones(model.columns, dtype=bool)
        self.blocks = [block for block in model.counting if block.tier in wanted]
        for block in model.counting:
            if block.tier not in wanted:
                rows[block.first_row : block.first_row + len(block.row_group)] = False
                columns[block.columns] = False
        self.rows: Bools = rows
        ends = [(block.first_row, block.first_row + len(block.row_group)) for block in self.blocks]
        self.counted: Ints = np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(*each) for each in ends)])
        """The rows that bound the counts of these tiers."""
        self.columns: Ints = np.flatnonzero(columns)

    def with_counts(self, columns: Ints) -> Ints:
        """These columns, and all counting columns that may follow them."""
        model = self.model
        free = np.zeros(model.columns, dtype=bool)
        free[columns] = True
        touched = np.zeros(model.rows, dtype=bool)
        touched[model.by_column[:, columns].indices] = True
        for block in self.blocks:
            groups = np.zeros(block.groups, dtype=bool)
            groups[block.row_group[touched[block.first_row : block.first_row + len(block.row_group)]]] = True
            following = block.columns[groups[block.group]]
            free[following] = True
            touched[model.by_column[:, following].indices] = True
        return np.flatnonzero(free)

    def everything(self, holds: Sequence[Hold] = ()) -> Reduced:
        """All that the tiers leave to decide, with nothing fixed."""
        return self.reduced(self.columns, np.zeros(self.model.columns, dtype=np.int64), holds)

    def reduced(self, free: Ints, columns: Ints, holds: Sequence[Hold] = ()) -> Reduced:
        """What is left to decide about the free columns when all others stay as they are in `columns`."""
        part, rows = self._touched(free)
        fixed = columns.copy()
        fixed[free] = 0
        base = self.model.matrix[rows] @ fixed
        held = [(hold.gain[free], hold.low - int(hold.gain @ fixed)) for hold in holds]
        return self._left(free, part, rows, base, base, held)

    def alone(self, free: Ints, at_best: Ints | None = None) -> Reduced:
        """What is left to decide about the free columns when all others may be anything, each row for itself.

        A row stays only as far as the others cannot make room for it: they count with the least that they can add.
        Every plan's free columns keep these rows, so their best is a bound. Example: of 0 - 1 <= 0 ("a seat needs its
        visit") with only the seat 0 free nothing is left, for 1 might be 1; with only 1 free neither.

        `at_best` are column values in which the others give the counts of these tiers as much as they ever can; then
        the counts take that instead of the sum of all columns, of which some exclude each other.
        """
        part, rows = self._touched(free)
        whole = self.model.matrix[rows]
        least = whole.minimum(0).sum(axis=1) - part.minimum(0).sum(axis=1)
        most = whole.maximum(0).sum(axis=1) - part.maximum(0).sum(axis=1)
        if at_best is not None:
            others = at_best.copy()
            others[free] = 0
            counted = np.isin(rows, self.counted)
            counts = whole @ others
            least, most = np.where(counted, counts, least), np.where(counted, counts, most)
        return self._left(free, part, rows, least, most, [])

    def _touched(self, free: Ints) -> tuple[sparse.csr_array, Ints]:
        """The rows in scope with a free column: only those columns of them, and their numbers."""
        part = self.model.by_column[:, free].tocsr()
        rows = np.flatnonzero((np.diff(part.indptr) > 0) & self.rows)
        return part[rows], rows

    def _left(
        self,
        free: Ints,
        part: sparse.csr_array,
        rows: Ints,
        others_least: Ints,
        others_most: Ints,
        holds: Sequence[tuple[Ints, int]],
    ) -> Reduced:
        """The rows that the free columns can break, when the others add something between least and most."""
        model = self.model
        low, high = model.low[rows] - others_most, model.high[rows] - others_least
        least, most = part.minimum(0).sum(axis=1), part.maximum(0).sum(axis=1)
        binding = (least < low) | (most > high)
        lazy, numbers = model.lazy[rows][binding], rows[binding]
        low = np.where(least < low, low, -UNBOUNDED)[binding]
        high = np.where(most > high, high, UNBOUNDED)[binding]
        part = part[binding]
        if holds:
            part = sparse.vstack([part, sparse.csr_array(np.array([gain for gain, _ in holds]))], format="csr")
            low = np.append(low, [least_gain for _, least_gain in holds])
            high = np.append(high, [UNBOUNDED] * len(holds))
            lazy = np.append(lazy, [False] * len(holds))
        return Reduced(free, numbers, lazy, part, low, high)
