"""Rows of counts by patient: encounters of one patient are alike, so that they are drawn together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fhir_coder.recalibration.evidence import DecidedEncounter


def by_patient(encounters: Sequence[DecidedEncounter], rows: np.ndarray) -> np.ndarray:
    """The sums of each patient's rows (one row an encounter). An encounter of nobody known is drawn by itself."""
    places: dict[object, int] = {}
    groups = [places.setdefault(one.patient or number, len(places)) for number, one in enumerate(encounters)]
    sums = np.zeros((len(places), rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums
