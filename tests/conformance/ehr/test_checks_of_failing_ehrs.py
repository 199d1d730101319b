"""The checks find servers that do it wrong: ours, with one thing broken at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.check import all_checks
from conformance.running import tried
from conformance.target import Target
from conformance.verdict import Verdict
from fhir_coder.ehr import client, documents
from fhir_coder.ehr.address import EhrAddress
from fhir_coder.ehr.backend_token import BackendToken
from fhir_coder.ehr.capabilities import Capabilities
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.retry import RETRIED, RetryPolicy
from fhir_coder.ehr.supply import Supply
from fhir_coder.engine import Engine
from fhir_coder.writeback import one_by_one, receipt, revision
from fhir_coder.writeback.course import Course
from fhir_coder.writeback.permitted import PermittedOffer
from fhir_coder.writeback.retirement import Retiring
from fhir_coder.writeback.survey import Survey, Surveyor

Patch = pytest.MonkeyPatch
BROKEN: dict[str, tuple[Callable[[Patch], None], tuple[str, ...]]] = {}


def breaks(*names: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Registers a way to break the server, with the checks that find it."""

    def register(function: Callable[[Patch], None]) -> Callable[[Patch], None]:
        BROKEN[function.__name__] = function, names
        return function

    return register


def giving(value: Any) -> Callable[..., Any]:
    """A function that answers so, whatever it is given."""
    return lambda *_, **__: value


@breaks("ehr_reading.busy_once", "ehr_reading.broken_once", "ehr_reading.hangs_up_once", "writing_failures.busy_once")
def tries_nothing_again(patch: Patch) -> None:
    patch.setattr(RetryPolicy, "wait", giving(None))


@breaks("ehr_reading.busy_as_long_as_it_says", "ehr_reading.busy_for_an_hour")
def waits_for_nobody(patch: Patch) -> None:
    patch.setattr(RetryPolicy, "wait", lambda self, attempt, status, *_: 0.0 if attempt < 3 and status in RETRIED else None)


@breaks("writing_failures.unclear_create_is_not_repeated")
def repeats_what_may_have_been_done(patch: Patch) -> None:
    patch.setattr(RetryPolicy, "wait", lambda self, attempt, status, *_: 0.0 if attempt < 3 and status in {0, *RETRIED} else None)


@breaks("ehr_reading.search_that_leaks", "ehr_reading.search_that_ignores_parameters", "ehr_reading.patients_mixed_up")
def believes_every_search(patch: Patch) -> None:
    patch.setattr(documents, "is_of", giving(True))
    patch.setattr(documents, "refuse_other_patient", giving(None))


@breaks("ehr_reading.page_link_expired", "ehr_reading.pages_without_end", "ehr_reading.page_outside")
def reads_one_page(patch: Patch) -> None:
    patch.setattr(EhrClient, "_next", giving(""))


@breaks("ehr_reading.page_outside")
def follows_every_link(patch: Patch) -> None:
    patch.setattr(EhrAddress, "admits", giving(True))


@breaks("ehr_reading.fewer_than_counted")
def believes_no_total(patch: Patch) -> None:
    real = client.read_page
    patch.setattr(client, "read_page", lambda *given: replace(real(*given), total=None))


@breaks("ehr_reading.token_expired")
def keeps_an_expired_token(patch: Patch) -> None:
    patch.setattr(BackendToken, "forget", giving(False))


@breaks("ehr_profiles.only_what_is_listed", "ehr_profiles.not_offered_is_told", "ehr_profiles.athena")
def ignores_the_metadata(patch: Patch) -> None:
    patch.setattr(Capabilities, "can", giving(True))


@breaks("ehr_profiles.oracle", "writing_failures.refuses_one_kind")
def keeps_the_words_of_the_ehr_to_itself(patch: Patch) -> None:
    real = receipt.refused
    patch.setattr(receipt, "refused", lambda error: real(error) | {"outcome": receipt.held("")["outcome"]})


@breaks("writing_once.coding_twice", "writing_once.condition_ignored", "writing_once.search_that_ignores_parameters", "ehr_profiles.epic")
def looks_for_nothing(patch: Patch) -> None:
    patch.setattr(Surveyor, "survey", giving(Survey()))


@breaks("writing_once.identifiers_lost")
def forgets_its_receipts(patch: Patch) -> None:
    patch.setattr(Surveyor, "_name", lambda self, resource: (resource.get("identifier") or [{}])[0].get("value", ""))
    patch.setattr(Surveyor, "_at", giving(None))


@breaks("writing_once.identifiers_lost", "ehr_profiles.epic")
def takes_its_own_proposal_for_a_diagnosis(patch: Patch) -> None:
    patch.setattr(Engine, "_with_ours_known", lambda self, tenant, intake, ehr: intake)


@breaks("writing_failures.nothing_created_blindly")
def takes_a_failed_search_for_nothing_there(patch: Patch) -> None:
    real = Surveyor.survey
    patch.setattr(Supply, "held", giving(()))
    patch.setattr(Surveyor, "survey", lambda self, proposed: replace(real(self, proposed), failures={}))


@breaks("writing_failures.hangs_up_after_it_acted", "writing_failures.answers_too_late", "writing_failures.fails_after_it_acted")
def sends_again_without_looking(patch: Patch) -> None:
    patch.setattr(Course, "find", giving(None))
    patch.setattr(one_by_one, "may_still_act", giving(False))


@breaks("writing_once.updates_are_guarded", "writing_failures.changed_meanwhile")
def updates_whatever_stands_there(patch: Patch) -> None:
    real = EhrClient.update
    patch.setattr(EhrClient, "update", lambda self, resource, if_match=None: real(self, resource))


@breaks("writing_once.what_a_person_confirmed", "writing_once.what_a_person_annotated", "writing_once.claim_that_was_sent")
def overwrites_people(patch: Patch) -> None:
    for name in ("condition_touch", "claim_touch", "task_touch"):
        patch.setattr(revision, name, giving(""))


@breaks("writing_once.dropped_code_is_retired", "writing_failures.changed_meanwhile")
def leaves_what_is_proposed_no_more(patch: Patch) -> None:
    patch.setattr(Retiring, "steps", giving(()))


@breaks("writing_once.code_not_kept")
def does_not_compare(patch: Patch) -> None:
    patch.setattr(receipt, "alterations", giving(()))


@breaks("writing_once.as_the_metadata_offers")
def sends_no_transaction(patch: Patch) -> None:
    patch.setattr(PermittedOffer, "transacts", property(giving(False)))


@breaks("writing_once.conditional_creates")
def sends_no_condition(patch: Patch) -> None:
    patch.setattr(Capabilities, "conditional_create", giving(False))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_server_is_found(target: Target, name: str, monkeypatch: Patch) -> None:
    breaking, found_by = BROKEN[name]
    breaking(monkeypatch)
    findings = tried(target, {one: all_checks()[one] for one in found_by})
    assert {one: finding.verdict for one, finding in findings.items()} == dict.fromkeys(found_by, Verdict.FAIL)
