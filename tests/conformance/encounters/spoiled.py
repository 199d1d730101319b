"""Answers of our server with one thing wrong: the check that must see it, the fixture, and the change."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Change = Callable[[Json], None]


def named(body: Json, name: str) -> list[Json]:
    return [one for one in body["parameter"] if one["name"] == name]


def part(parameter: Json, name: str) -> Json:
    return next(one for one in parameter["part"] if one["name"] == name)


def entries(body: Json) -> list[Json]:
    return list(named(body, "result")[0]["resource"]["entry"])


def proposed(body: Json, kind: str) -> Json:
    return next(one["resource"] for one in entries(body) if one["resource"]["resourceType"] == kind)


def evidence(body: Json) -> Json:
    return part(named(body, "assignment")[0], "evidence")


def another_resource(body: Json) -> None:
    body["resourceType"] = "Bundle"


def unknown_parameter(body: Json) -> None:
    body["parameter"].append({"name": "confidence", "valueDecimal": 0.5})


def unknown_part(body: Json) -> None:
    named(body, "assignment")[0]["part"].append({"name": "score", "valueDecimal": 0.5})


def no_coding_id(body: Json) -> None:
    body["parameter"] = [one for one in body["parameter"] if one["name"] != "codingId"]


def two_dispositions(body: Json) -> None:
    body["parameter"].append(copy.deepcopy(named(body, "disposition")[0]))


def no_rank(body: Json) -> None:
    assignment = named(body, "assignment")[0]
    assignment["part"] = [one for one in assignment["part"] if one["name"] != "rank"]


def disposition_as_code(body: Json) -> None:
    named(body, "disposition")[0].clear()
    body["parameter"][1].update({"name": "disposition", "valueCode": "review"})


def rank_as_integer(body: Json) -> None:
    rank = part(named(body, "assignment")[0], "rank")
    rank["valueInteger"] = rank.pop("valuePositiveInt")


def value_and_part(body: Json) -> None:
    named(body, "assignment")[0]["valueString"] = "both"


def offset_by_one(body: Json) -> None:
    part(evidence(body), "start")["valueInteger"] += 1


def offsets_in_utf16(body: Json) -> None:
    """As a server that counts bytes would: the note has letters beyond ASCII before the evidence."""
    for name in ("start", "end"):
        part(evidence(body), name)["valueInteger"] += 3


def another_text(body: Json) -> None:
    part(named(body, "noteText")[0], "text")["valueString"] += " "


def another_document(body: Json) -> None:
    part(evidence(body), "document")["valueReference"]["reference"] = "DocumentReference/elsewhere"


def no_evidence(body: Json) -> None:
    assignment = named(body, "assignment")[0]
    assignment["part"] = [one for one in assignment["part"] if one["name"] != "evidence"]


def ranks_from_zero(body: Json) -> None:
    for one in named(body, "assignment"):
        part(one, "rank")["valuePositiveInt"] -= 1


def code_twice(body: Json) -> None:
    body["parameter"].append(copy.deepcopy(named(body, "assignment")[0]))


def probability_in_percent(body: Json) -> None:
    part(named(body, "assignment")[0], "probability")["valueDecimal"] = 97


def probability_as_text(body: Json) -> None:
    part(named(body, "assignment")[0], "probability")["valueDecimal"] = "0.9"


def system_of_icd_10(body: Json) -> None:
    part(named(body, "assignment")[0], "code")["valueCoding"]["system"] = "http://hl7.org/fhir/sid/icd-10"


def code_without_dot(body: Json) -> None:
    for one in named(body, "assignment"):
        coding = part(one, "code")["valueCoding"]
        coding["code"] = coding["code"].replace(".", "")


def code_without_version(body: Json) -> None:
    del part(named(body, "assignment")[0], "code")["valueCoding"]["version"]


def another_disposition(body: Json) -> None:
    named(body, "disposition")[0]["valueCoding"]["code"] = "hold"


def passes_with_a_code_in_review(body: Json) -> None:
    named(body, "disposition")[0]["valueCoding"]["code"] = "pass"


def no_reason(body: Json) -> None:
    body["parameter"] = [one for one in body["parameter"] if one["name"] != "reason"]


def reason_without_words(body: Json) -> None:
    del named(body, "reason")[0]["valueCodeableConcept"]["text"]


def reason_without_system(body: Json) -> None:
    del named(body, "reason")[0]["valueCodeableConcept"]["coding"][0]["system"]


def display_about_this_encounter(body: Json) -> None:
    coding = part(named(body, "assignment")[0], "code")["valueCoding"]
    coding["display"] = f"{coding['display']}, as the note of today says"


def coding_id_of_another(body: Json) -> None:
    named(body, "codingId")[0]["valueId"] = "not an id"


def result_as_transaction(body: Json) -> None:
    named(body, "result")[0]["resource"]["type"] = "transaction"


def issue_of_no_type(body: Json) -> None:
    named(body, "issues")[0]["resource"]["issue"][0]["code"] = "odd"


def text_twice(body: Json) -> None:
    body["parameter"].append(copy.deepcopy(named(body, "noteText")[0]))


def unknown_status(body: Json) -> None:
    part(named(body, "reconciliation")[0], "status")["valueCode"] = "similar"


def reconciles_nothing(body: Json) -> None:
    body["parameter"] = [one for one in body["parameter"] if one["name"] != "reconciliation"]


def query_names_the_code(body: Json) -> None:
    query = named(body, "query")[0]
    part(query, "question")["valueString"] += f" Is {part(query, 'code')['valueCoding']['code']} right?"


def full_url_twice(body: Json) -> None:
    entries(body)[1]["fullUrl"] = entries(body)[0]["fullUrl"]


def request_in_collection(body: Json) -> None:
    entries(body)[0]["request"] = {"method": "POST", "url": "Condition"}


def dangling_target(body: Json) -> None:
    proposed(body, "Provenance")["target"][0]["reference"] = "urn:uuid:00000000-0000-4000-8000-000000000000"


def dangling_device(body: Json) -> None:
    del proposed(body, "Provenance")["contained"]


def no_condition(body: Json) -> None:
    result = named(body, "result")[0]["resource"]
    result["entry"] = [one for one in result["entry"] if one["resource"]["resourceType"] != "Condition"]


def on_the_problem_list(body: Json) -> None:
    proposed(body, "Condition")["category"][0]["coding"][0]["code"] = "problem-list-item"


def confirmed(body: Json) -> None:
    proposed(body, "Condition")["verificationStatus"]["coding"][0]["code"] = "confirmed"


def in_error_and_active(body: Json) -> None:
    proposed(body, "Condition")["verificationStatus"]["coding"][0]["code"] = "entered-in-error"


def condition_of_another_release(body: Json) -> None:
    proposed(body, "Condition")["code"]["coding"][0]["version"] = "2020"


def claim_of_another_patient(body: Json) -> None:
    proposed(body, "Claim")["patient"]["reference"] = "Patient/another"


def task_of_another_encounter(body: Json) -> None:
    proposed(body, "Task")["encounter"]["reference"] = "Encounter/another"


def claim_of_no_encounter(body: Json) -> None:
    del proposed(body, "Claim")["supportingInfo"]


def untagged(body: Json) -> None:
    del proposed(body, "Claim")["meta"]["tag"]


def tagged_although_it_passes(body: Json) -> None:
    proposed(body, "Claim")["meta"]["tag"] = [{"system": "http://example.org/tags", "code": "needs-review"}]


def task_although_it_passes(body: Json) -> None:
    entries = named(body, "result")[0]["resource"]["entry"]
    entries.append(
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": {"resourceType": "Task", "status": "requested"}}
    )


def evidence_of_nothing(body: Json) -> None:
    del proposed(body, "Condition")["evidence"]


def active_claim(body: Json) -> None:
    proposed(body, "Claim")["status"] = "active"


def preauthorization(body: Json) -> None:
    proposed(body, "Claim")["use"] = "preauthorization"


def claim_without_priority(body: Json) -> None:
    del proposed(body, "Claim")["priority"]


def information_of_no_category(body: Json) -> None:
    del proposed(body, "Claim")["supportingInfo"][0]["category"]


def device_name_of_no_type(body: Json) -> None:
    del proposed(body, "Provenance")["contained"][0]["deviceName"][0]["type"]


def extension_without_url(body: Json) -> None:
    del proposed(body, "Condition")["extension"][0]["url"]


def input_without_value(body: Json) -> None:
    for one in proposed(body, "Task")["input"]:
        one.pop("valueReference", None)


def status_of_no_code(body: Json) -> None:
    del proposed(body, "Condition")["clinicalStatus"]["coding"][0]["code"]


def type_of_another_system(body: Json) -> None:
    proposed(body, "Claim")["type"]["coding"][0]["system"] = "http://example.org/types"


def tag_without_system(body: Json) -> None:
    for one in proposed(body, "Claim")["meta"]["tag"]:
        del one["system"]


def recorded_without_code(body: Json) -> None:
    del part(named(body, "reconciliation")[0], "recorded")["valueCoding"]["code"]


def rejected_without_system(body: Json) -> None:
    del part(named(body, "rejected")[0], "code")["valueCoding"]["system"]


def nothing_focal(body: Json) -> None:
    proposed(body, "Claim")["insurance"][0]["focal"] = False


def invented_coverage(body: Json) -> None:
    proposed(body, "Claim")["insurance"][0]["coverage"] = {"reference": "Coverage/invented"}


def sequence_twice(body: Json) -> None:
    proposed(body, "Claim")["diagnosis"][1]["sequence"] = 1


def turned_diagnoses(body: Json) -> None:
    claim = proposed(body, "Claim")
    concepts = [one["diagnosisCodeableConcept"] for one in claim["diagnosis"]]
    for one, concept in zip(claim["diagnosis"], reversed(concepts), strict=True):
        one["diagnosisCodeableConcept"] = concept


def thirteen_diagnoses(body: Json) -> None:
    claim = proposed(body, "Claim")
    claim["diagnosis"].append({**claim["diagnosis"][0], "sequence": 13})


def dangling_pointer(body: Json) -> None:
    proposed(body, "Claim")["item"] = [{"sequence": 1, "diagnosisSequence": [14], "productOrService": {"text": "visit"}}]


def no_task(body: Json) -> None:
    result = named(body, "result")[0]["resource"]
    result["entry"] = [one for one in result["entry"] if one["resource"]["resourceType"] != "Task"]


def task_without_claim(body: Json) -> None:
    proposed(body, "Task")["focus"] = {"reference": "Encounter/x"}


def task_without_code(body: Json) -> None:
    del proposed(body, "Task")["code"]


def task_without_inputs(body: Json) -> None:
    del proposed(body, "Task")["input"]


def no_provenance(body: Json) -> None:
    result = named(body, "result")[0]["resource"]
    result["entry"] = [one for one in result["entry"] if one["resource"]["resourceType"] != "Provenance"]


def recorded_without_zone(body: Json) -> None:
    proposed(body, "Provenance")["recorded"] = "2026-06-09T09:00:00"


def asserted_by_a_person(body: Json) -> None:
    proposed(body, "Provenance")["agent"][0]["who"] = {"reference": "Practitioner/note-plain-text-doctor"}


def derived_not_sourced(body: Json) -> None:
    for one in proposed(body, "Provenance")["entity"]:
        one["role"] = "derivation"


def software_without_version(body: Json) -> None:
    del proposed(body, "Provenance")["contained"][0]["version"]


PLAIN, LATIN, MANY, RECORDED, QUERIED, DOUBTED = (
    "note-plain-text",
    "note-latin-1",
    "more-than-twelve-codes",
    "recorded-conditions",
    "finding-without-diagnosis",
    "copied-forward-conflict",
)
"""The first passes, the last goes to review."""
SPOILED: tuple[tuple[str, str, Change], ...] = (
    ("answers.is_parameters", PLAIN, another_resource),
    ("answers.only_what_is_defined", PLAIN, unknown_parameter),
    ("answers.only_what_is_defined", PLAIN, unknown_part),
    ("answers.as_often_as_defined", PLAIN, no_coding_id),
    ("answers.as_often_as_defined", PLAIN, two_dispositions),
    ("answers.as_often_as_defined", PLAIN, no_rank),
    ("answers.of_the_type_defined", PLAIN, disposition_as_code),
    ("answers.of_the_type_defined", PLAIN, rank_as_integer),
    ("answers.one_content_each", PLAIN, value_and_part),
    ("answers.offsets_hit_the_words", PLAIN, offset_by_one),
    ("answers.offsets_hit_the_words", LATIN, offsets_in_utf16),
    ("answers.hash_is_of_the_text", PLAIN, another_text),
    ("answers.evidence_is_of_what_was_sent", PLAIN, another_document),
    ("answers.every_code_has_evidence", PLAIN, no_evidence),
    ("answers.ranks_count_from_one", PLAIN, ranks_from_zero),
    ("answers.each_code_once", PLAIN, code_twice),
    ("answers.probabilities_lie_between_0_and_1", PLAIN, probability_in_percent),
    ("answers.probabilities_lie_between_0_and_1", PLAIN, probability_as_text),
    ("answers.codes_are_of_icd_10_cm", PLAIN, system_of_icd_10),
    ("answers.codes_have_their_dot", PLAIN, code_without_dot),
    ("answers.codes_name_their_release", PLAIN, code_without_version),
    ("answers.dispositions_are_pass_or_review", PLAIN, another_disposition),
    ("answers.what_passes_passes_whole", DOUBTED, passes_with_a_code_in_review),
    ("answers.review_has_a_reason", DOUBTED, no_reason),
    ("answers.reasons_are_told_in_words", DOUBTED, reason_without_words),
    ("answers.reasons_are_told_in_words", DOUBTED, reason_without_system),
    ("answers.codes_have_one_display", PLAIN, display_about_this_encounter),
    ("answers.codings_are_whole", RECORDED, recorded_without_code),
    ("answers.codings_are_whole", DOUBTED, tag_without_system),
    ("answers.coding_ids_differ", PLAIN, coding_id_of_another),
    ("answers.result_is_a_collection", PLAIN, result_as_transaction),
    ("answers.issues_are_an_outcome", PLAIN, issue_of_no_type),
    ("answers.one_text_for_each_note", PLAIN, text_twice),
    ("answers.reconciliation_says_what_it_compares", RECORDED, unknown_status),
    ("answers.reconciled_codes_are_assigned", RECORDED, reconciles_nothing),
    ("answers.queries_name_no_code", QUERIED, query_names_the_code),
    ("proposals.full_urls_differ", PLAIN, full_url_twice),
    ("proposals.entries_hold_resources_alone", PLAIN, request_in_collection),
    ("proposals.references_inside_resolve", PLAIN, dangling_target),
    ("proposals.references_inside_resolve", PLAIN, dangling_device),
    ("proposals.a_condition_for_every_code", PLAIN, no_condition),
    ("proposals.conditions_are_encounter_diagnoses", PLAIN, on_the_problem_list),
    ("proposals.conditions_are_unconfirmed", PLAIN, confirmed),
    ("proposals.clinical_status_fits", PLAIN, in_error_and_active),
    ("proposals.conditions_have_the_code_assigned", PLAIN, condition_of_another_release),
    ("proposals.everything_is_of_the_patient", PLAIN, claim_of_another_patient),
    ("proposals.everything_is_of_the_encounter", DOUBTED, task_of_another_encounter),
    ("proposals.the_claim_names_the_encounter", PLAIN, claim_of_no_encounter),
    ("proposals.what_waits_is_tagged", DOUBTED, untagged),
    ("proposals.what_waits_is_tagged", PLAIN, tagged_although_it_passes),
    ("proposals.evidence_is_referenced", PLAIN, evidence_of_nothing),
    ("proposals.claims_are_drafts", PLAIN, active_claim),
    ("proposals.claims_are_claims", PLAIN, preauthorization),
    ("proposals.claims_are_complete", PLAIN, claim_without_priority),
    ("proposals.everything_required_is_there", PLAIN, information_of_no_category),
    ("proposals.everything_required_is_there", PLAIN, device_name_of_no_type),
    ("proposals.everything_required_is_there", PLAIN, extension_without_url),
    ("proposals.everything_required_is_there", DOUBTED, input_without_value),
    ("proposals.clinical_status_fits", PLAIN, status_of_no_code),
    ("proposals.claims_are_claims", PLAIN, type_of_another_system),
    ("proposals.what_waits_is_tagged", DOUBTED, tag_without_system),
    ("answers.codes_are_of_icd_10_cm", PLAIN, rejected_without_system),
    ("proposals.one_insurance_is_focal", PLAIN, nothing_focal),
    ("proposals.the_coverage_sent_is_used", PLAIN, invented_coverage),
    ("proposals.diagnoses_are_numbered", PLAIN, sequence_twice),
    ("proposals.diagnoses_are_in_order", PLAIN, turned_diagnoses),
    ("proposals.at_most_twelve_diagnoses", MANY, thirteen_diagnoses),
    ("proposals.pointers_resolve", PLAIN, dangling_pointer),
    ("proposals.reviews_have_a_task", DOUBTED, no_task),
    ("proposals.reviews_have_a_task", PLAIN, task_although_it_passes),
    ("proposals.tasks_lead_to_the_claim", DOUBTED, task_without_claim),
    ("proposals.tasks_say_what_they_ask_for", DOUBTED, task_without_code),
    ("proposals.tasks_have_their_inputs", DOUBTED, task_without_inputs),
    ("proposals.every_condition_has_provenance", PLAIN, no_provenance),
    ("proposals.provenance_says_who_and_when", PLAIN, recorded_without_zone),
    ("proposals.provenance_says_who_and_when", PLAIN, asserted_by_a_person),
    ("proposals.provenance_names_its_sources", PLAIN, derived_not_sourced),
    ("proposals.versions_of_the_software_are_told", PLAIN, software_without_version),
)

Respelling = Callable[[bytes], bytes]
"""Of the text of an answer."""


def with_null(text: bytes) -> bytes:
    return text.replace(b'"resourceType":"Parameters",', b'"resourceType":"Parameters","meta":null,', 1)


def with_empty_list(text: bytes) -> bytes:
    return text.replace(b'"resourceType":"Parameters",', b'"resourceType":"Parameters","meta":{"tag":[]},', 1)


def type_twice(text: bytes) -> bytes:
    return text.replace(b'"resourceType":"Parameters",', b'"resourceType":"Parameters","resourceType":"Parameters",', 1)


def without_zones(text: bytes) -> bytes:
    return re.sub(rb"(T\d\d:\d\d:\d\d)(?:Z|[+-]\d\d:\d\d)", rb"\1", text)


def decimals_in_quotes(text: bytes) -> bytes:
    return re.sub(rb'"valueDecimal":([0-9.]+)', rb'"valueDecimal":"\1"', text)


def decimals_without_zeros(text: bytes) -> bytes:
    """As a server would that reads decimals as floating numbers: 0.9670 as 0.967; here a digit is taken in any case."""
    return re.sub(rb'"valueDecimal":([0-9.]+)[0-9]', rb'"valueDecimal":\1', text)


def without_accents(text: bytes) -> bytes:
    return text.replace("é".encode(), b"e").replace(b"\\u00e9", b"e")


RESPELLED: tuple[tuple[str, str, Respelling], ...] = (
    ("representations.answers_have_no_emptiness", PLAIN, with_null),
    ("representations.answers_have_no_emptiness", PLAIN, with_empty_list),
    ("representations.names_of_answers_stand_once", PLAIN, type_twice),
    ("representations.moments_of_answers_have_a_zone", PLAIN, without_zones),
    ("representations.decimals_are_numbers", PLAIN, decimals_in_quotes),
    ("representations.decimals_are_numbers", PLAIN, decimals_without_zeros),
    ("representations.xml_says_what_json_says", PLAIN, decimals_without_zeros),
    ("representations.xml_says_what_json_says", LATIN, without_accents),
    ("representations.letters_come_back", LATIN, without_accents),
)
