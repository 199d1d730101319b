"""The trap suite of ``corpus/traps.jsonl``: what people complain about in other systems, each complaint in many forms, run end to end.

``python -m benchmarks.traps`` prints the share withstood of each trap. The traps named in ``KNOWN`` catch the engine still.
"""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.traps import TRAPS, fault_of, read_traps
from fhir_coder.pipeline import Coder
from terminology.codebook import Codebook

FIELDS = ["id", "trap", "complaint", "text", "must_have", "must_not_have"]
LEAST_OF_A_KIND = 8
ROWS = list(read_traps(TRAPS))
KINDS = sorted({row["trap"] for row in ROWS})

# Traps that catch the engine still, each with its reason.
KNOWN: frozenset[str] = frozenset()


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_withstands(coder: Coder, kind: str) -> None:
    faults = [fault_of(coder, row) for row in ROWS if row["trap"] == kind and row["id"] not in KNOWN]
    assert [fault for fault in faults if fault] == []


def test_a_known_trap_never_assigns_a_wrong_code(coder: Coder) -> None:
    faults = [fault_of(coder, row) for row in ROWS if row["id"] in KNOWN]
    assert [fault for fault in faults if "assigns" in fault] == []


def test_a_trap_that_catches_is_told(coder: Coder) -> None:
    row = {"id": "x", "text": "Assessment: Gout, continue allopurinol.", "must_have": ["I10"], "must_not_have": ["M10"]}
    assert fault_of(coder, row) == "x misses I10 and assigns M10.9"


def test_each_trap_is_set_in_many_forms() -> None:
    counts = Counter(row["trap"] for row in ROWS)
    assert [kind for kind in KINDS if counts[kind] < LEAST_OF_A_KIND] == []
    assert len({row["text"] for row in ROWS}) == len({row["id"] for row in ROWS}) == len(ROWS)


def test_every_line_has_the_fields_and_known_codes(codebook: Codebook) -> None:
    assert [row["id"] for row in ROWS if list(row) != FIELDS or not all(row[field] for field in FIELDS[:4])] == []
    assert [row["id"] for row in ROWS if not row["must_have"] and not row["must_not_have"]] == []
    assert [code for row in ROWS for code in row["must_have"] if not codebook.is_billable(code)] == []
    assert [code for row in ROWS for code in row["must_not_have"] if code not in codebook] == []
    assert [row["id"] for row in ROWS if any(code.startswith(tuple(row["must_not_have"])) for code in row["must_have"])] == []
