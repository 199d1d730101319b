"""Two readings of the same notes, counted."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.agreement import agreement


@pytest.mark.parametrize(("counts", "share"), [((2, 2, 2), 1.0), ((1, 2, 2), 0.5), ((0, 1, 3), 0.0), ((0, 0, 0), 1.0), ((3, 4, 5), 2 / 3)])
def test_agreement_is_the_f1_of_one_reading_against_the_other(counts: tuple[int, int, int], share: float) -> None:
    assert agreement(np.array(counts)) == pytest.approx(share)
