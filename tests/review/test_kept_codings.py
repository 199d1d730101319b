"""A coding that is decided on is read once in a while; what is not there is asked for each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from fhir_coder.kept_readings import KeptReadings
from fhir_coder.review.kept_codings import KeptCodings
from fhir_coder.store.records import StoredEncounter


@dataclass
class Store:
    there: dict[tuple[str, str], StoredEncounter] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        self.asked.append((tenant, coding_id))
        return self.there.get((tenant, coding_id))


def test_a_coding_is_kept_for_its_tenant_and_its_time() -> None:
    now = [0.0]
    coding = cast("StoredEncounter", object())
    store = Store({("north", "a"): coding})
    kept: KeptReadings[Any] = KeptReadings(lasts_s=60, clock=lambda: now[0], later=lambda seconds, work: None)
    codings = KeptCodings(store, kept)
    assert codings.get("north", "a") is coding is codings.get("north", "a") and store.asked == [("north", "a")]
    assert codings.get("south", "a") is None is codings.get("south", "a") and len(store.asked) == 3
    now[0] = 61
    assert codings.get("north", "a") is coding and len(store.asked) == 4
