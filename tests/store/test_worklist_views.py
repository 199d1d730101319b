"""Saved views and what a list can be narrowed to, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from fhir_coder.errors import ConfigurationError, Conflict, ResourceUnknown
from fhir_coder.store.reviews import Maker
from fhir_coder.store.start import Stores, open_stores
from fhir_coder.store.worklist_views import MOST_VIEWS, SavedView
from fhir_coder.worklist.decision import Act, Decision, Someone
from tests.store.conftest import KEY, MARKER, coding_result
from tests.stores import store_in

ANNA = Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel")
BERT = Someone("Practitioner/anna", "https://other.invalid", "Bert Bach")
"""The same id at another server is another person."""


@pytest.fixture
def stores(database_url: str) -> Iterator[Stores]:
    opened = open_stores(database_url, KEY)
    yield opened
    opened.close()


def names(stores: Stores, person: Someone, tenant: str = "north") -> list[str]:
    return [one.name for one in stores.views.of(tenant, person)]


def test_ones_own_views_are_ones_own_and_shared_ones_the_tenants(stores: Stores) -> None:
    mine = stores.views.save("north", ANNA, MARKER, "state=held&q=p1", is_shared=False)
    shared = stores.views.save("north", ANNA, "all", "state=open", is_shared=True)
    assert names(stores, ANNA) == ["all", MARKER] and names(stores, BERT) == ["all"] and names(stores, ANNA, "south") == []
    for person, tenant, view in ((BERT, "north", mine), (BERT, "north", shared), (ANNA, "south", shared), (ANNA, "north", "0" * 32)):
        with pytest.raises(ResourceUnknown):
            stores.views.rename(tenant, person, view, "taken")
        with pytest.raises(ResourceUnknown):
            stores.views.delete(tenant, person, view)
    with pytest.raises(ResourceUnknown):
        stores.views.delete("north", BERT, mine, may_any=True)
    stores.views.rename("north", BERT, shared, "everybody", may_any=True)
    assert names(stores, ANNA) == ["everybody", MARKER]


def test_one_view_opens_first_and_goes_with_its_deletion(stores: Stores) -> None:
    one, two = (stores.views.save("north", ANNA, name, "state=held", is_shared=True) for name in "ab")
    for view in (one, two, two):
        stores.views.open_first("north", ANNA, view)
    assert [view.is_first for view in stores.views.of("north", ANNA)] == [False, True]
    assert stores.views.of("north", BERT)[1] == SavedView(two, "b", "state=held", True, False, False)
    with pytest.raises(ResourceUnknown):
        stores.views.open_first("south", ANNA, one)
    stores.views.delete("north", ANNA, two)
    assert [view.is_first for view in stores.views.of("north", ANNA)] == [False]


def test_there_are_only_so_many(stores: Stores) -> None:
    for number in range(MOST_VIEWS):
        stores.views.save("north", ANNA, str(number), "", is_shared=False)
    with pytest.raises(Conflict):
        stores.views.save("north", ANNA, "more", "", is_shared=False)
    stores.views.save("north", BERT, "his", "", is_shared=False)


def test_views_are_sealed_and_without_a_key_not_kept(tmp_path: Path) -> None:
    url = store_in(tmp_path)
    stores = open_stores(url, KEY)
    stores.views.save("north", ANNA, MARKER, "q=Patient%2F7", is_shared=True)
    with stores.worklist._engine.connect() as connection:
        kept = repr(connection.execute(text("SELECT * FROM worklist_view")).all())
    assert MARKER not in kept and "Patient" not in kept and "Anna Abel" not in kept
    stores.close()
    bare = open_stores(url, "")
    assert not bare.views.can_keep and bare.views.of("north", ANNA) == ()
    with pytest.raises(ConfigurationError):
        bare.views.save("north", ANNA, "x", "", is_shared=False)
    bare.close()


def test_a_list_is_narrowed_to_what_is_open_and_to_who_was_here(stores: Stores) -> None:
    coding = stores.repository.save("north", "main", coding_result())
    stores.repository.save("south", "other", coding_result())
    called = Someone(ANNA.id, ANNA.issuer, "as somebody else calls her")
    stores.reviews.decide("north", coding, 0, Decision(Act.ASSIGN, to=called), Maker(BERT))
    assert stores.choices.people("north") == (called, BERT) and stores.choices.people("south") == ()
    stores.reviews.decide("north", coding, 1, Decision(Act.COMMENT, text="x"), Maker(ANNA))
    assert stores.choices.people("north") == (ANNA, BERT)
    assert stores.choices.ehrs("north") == ("main",) and "low-probability" in stores.choices.reasons("north")
    stores.reviews.decide("north", coding, 2, Decision(Act.HOLD, reason="query-open"), Maker(ANNA))
    assert stores.choices.ehrs("north") == ("main",)
    assert stores.choices.reasons("elsewhere") == () and stores.choices.ehrs("elsewhere") == ()
