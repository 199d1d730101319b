"""Sides that differ are coded each by its own."""

from __future__ import annotations

import pytest

from fhir_coder.coding.each_side import each_side
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("H40.1132", "Open-angle glaucoma, severe stage OD, mild OS", ("H40.1113", "H40.1121")),
        ("H40.1131", "Open-angle glaucoma OU: right eye mild, left eye moderate", ("H40.1111", "H40.1122")),
        ("H40.1131", "Open-angle glaucoma of both eyes, mild stage OD and mild OS", ("H40.1131",)),
        ("H40.1111", "Open-angle glaucoma, mild OD", ("H40.1111",)),
        ("I10", "severe hypertension, right arm mild", ("I10",)),
        ("S93.401A", "severe right ankle sprain, mild left", ("S93.401A",)),
    ],
)
def test_each_side(codebook: Codebook, code: str, text: str, expected: tuple[str, ...]) -> None:
    assert each_side(codebook, code, text) == expected
