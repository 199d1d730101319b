"""Sensitive documents: what marks exclude is never fetched, read, kept or told in its own words."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import date
from typing import Any

import pytest

from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import CallerLimits, CodingRequest, Intake
from fhir_coder.sensitive_settings import SensitiveRules, read_sensitive
from tests.ehr.conftest import BASE, FakeEhr, document, encounter, metadata, patient, searchset

Resource = dict[str, Any]
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
TODAY = date(2026, 11, 1)
WORD = "Zyxwomarker"
PLAIN = document(id="plain")
"""A note that nothing marks, so that an encounter with an excluded one is still coded."""


def labelled(*codes: str, system: str = ACT) -> Resource:
    return {"meta": {"security": [{"system": system, "code": code} for code in codes]}}


def coded(code: str, system: str = "http://loinc.org", **more: str) -> Resource:
    return {"coding": [{"system": system, "code": code}], **more}


def secret(**changes: Any) -> Resource:
    return document(f"Assessment: {WORD} disease.", id="secret", **changes)


def take(*notes: Resource, rules: SensitiveRules | None = None, ehr: FakeEhr | None = None, **changes: Any) -> Intake:
    sent: dict[str, Any] = {"encounter": encounter(), "patient": patient(), "notes": notes} | changes
    policy = IntakePolicy(sensitive=rules or SensitiveRules())
    return gather(CodingRequest("default", **sent), ehr.client if ehr else None, policy, today=lambda: TODAY)


def excluded(intake: Intake) -> list[str]:
    return [one.id for one in intake.encounter.unreadable if one.reason == "sensitive"]


def read(intake: Intake) -> list[str]:
    return [one.id for one in intake.encounter.notes]


def everything(intake: Intake) -> str:
    return json.dumps([asdict(intake.encounter), list(intake.warnings), list(intake.resources.values())], default=str)


TITLED = {"content": [{"attachment": {"title": f"Psychotherapy note on {WORD}", "contentType": "text/plain", "data": "QQ=="}}]}
INLINE = {"url": "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"}
EXCLUDED = {
    "psychotherapy label": labelled("PSYTHPN"),
    "psychotherapy law": labelled("HIPAAPsyNotes"),
    "psychotherapy in the type's words": {"type": {"text": "Psychotherapy-Notes"}},
    "psychotherapy in a title": TITLED,
    "psychotherapy in the description": {"description": f"PSYCHOTHERAPY PROCESS NOTES, {WORD}"},
    "counseling notes": {"description": "SUD counseling notes"},
    "part 2": labelled("42CFRPart2"),
    "part 2 in the system of STU3": labelled("42CFRPart2", system="http://hl7.org/fhir/v3/ActUSPrivacyLaw"),
    "part 2 by securityLabel": {"securityLabel": [coded("42CFRPart2", ACT)]},
    "part 2 by an inline label": {"extension": [INLINE | {"valueCoding": {"system": ACT, "code": "42CFRPart2"}}]},
    "part 2 by the setting": {"context": {"practiceSetting": coded("261QM2800X", "http://nucc.org/provider-taxonomy")}},
    "part 2 by the facility": {"context": {"facilityType": coded("SURF", "http://terminology.hl7.org/CodeSystem/v3-RoleCode")}},
    "part 2 in a category's words": {"category": [{"text": "42 CFR Part 2"}]},
    "veterans' law": labelled("Title38Section7332"),
    "substance use": labelled("ETH"),
    "very restricted": labelled("V", system=CONFIDENTIALITY),
    "very restricted in HL7 v2": labelled("V", system="http://terminology.hl7.org/CodeSystem/v2-0177"),
    "restricted beside very restricted": labelled("R", "V", system=CONFIDENTIALITY),
    "not to be reused": labelled("NOREUSE"),
}


@pytest.mark.parametrize("marks", EXCLUDED.values(), ids=EXCLUDED)
def test_what_is_excluded_by_default(marks: Resource) -> None:
    intake = take(PLAIN, secret(**marks))
    assert (read(intake), excluded(intake)) == (["plain"], ["secret"])
    assert WORD not in everything(intake)
    assert any("DocumentReference/secret is excluded" in warning for warning in intake.warnings)


READ = {
    "nothing": {},
    "normal": labelled("N", system=CONFIDENTIALITY),
    "a psychiatric progress note": {"type": coded("28627-8", text="Psychiatry Progress note")},
    "a mention of psychotherapy": {"description": "Referral for psychotherapy"},
    "a code of another system": labelled("V", system="https://example.org/levels"),
    "self-pay alone": labelled("HIPAASelfPay"),
}


@pytest.mark.parametrize("marks", READ.values(), ids=READ)
def test_what_is_read_without_reserve(marks: Resource) -> None:
    intake = take(secret(**marks))
    assert (read(intake), excluded(intake), intake.encounter.sensitive) == (["secret"], [], ())


@pytest.mark.parametrize(
    ("code", "system", "kind"),
    [("R", CONFIDENTIALITY, "restricted"), ("HIV", ACT, "topics"), ("SDV", ACT, "topics"), ("NORDSCLCD", ACT, "redisclosure")],
)
def test_what_is_read_for_a_person_to_look_at(code: str, system: str, kind: str) -> None:
    intake = take(secret(**labelled(code, system=system)))
    assert read(intake) == ["secret"]
    assert [(one.reference, one.kind) for one in intake.encounter.sensitive] == [("DocumentReference/secret", kind)]
    assert [(one.system, one.code) for one in intake.encounter.notes[0].labels] == [(system, code)]


RULES = [
    ({"restricted": "exclude"}, labelled("R", system=CONFIDENTIALITY), "excluded"),
    ({"restricted": "code"}, labelled("R", system=CONFIDENTIALITY), "read"),
    ({"very_restricted": "review"}, labelled("V", system=CONFIDENTIALITY), "reserved"),
    ({"part2": "code"}, labelled("42CFRPart2"), "read"),
    ({"part2": "code"}, labelled("42CFRPart2", "ETH"), "excluded"),
    ({"part2": "code", "substance_use": "code"}, labelled("42CFRPart2", "ETH"), "read"),
    ({"topics": "exclude"}, labelled("HIV"), "excluded"),
    ({"refrain": "review"}, labelled("NOREUSE"), "reserved"),
    ({"exclude_types": ["LOINC|11488-4"]}, {"type": coded("11488-4")}, "excluded"),
    ({"exclude_types": ["http://loinc.org|11488-4"]}, {"category": [coded("11488-4")]}, "excluded"),
    ({"exclude_types": ["LOINC|11488-4"]}, {"type": coded("11488-4", "https://example.org")}, "read"),
    ({"exclude_labels": [f"{ACT}|LOCIS"]}, labelled("LOCIS"), "excluded"),
    ({"program_types": ["LOINC|11488-4"]}, {"type": coded("11488-4")}, "excluded"),
    ({"programs": ["Organization/otp"]}, {"custodian": {"reference": "Organization/otp"}}, "excluded"),
]


@pytest.mark.parametrize(("raw", "marks", "expected"), RULES)
def test_a_tenants_rules(raw: Resource, marks: Resource, expected: str) -> None:
    intake = take(PLAIN, secret(**marks), rules=read_sensitive(**raw))
    found = "excluded" if excluded(intake) else "reserved" if intake.encounter.sensitive else "read"
    assert found == expected


@pytest.mark.parametrize(
    "raw",
    [
        {"psychotherapy": "code"},
        {"part_2": "code"},
        {"part2": "permit"},
        {"restricted": "consent"},
        {"exclude_types": "LOINC|1"},
        {"programs": ["otp"]},
    ],
)
def test_rules_that_cannot_be_used(raw: Resource) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_sensitive(**raw)


def related(code: str, target: str) -> Resource:
    return {"relatesTo": [{"code": code, "target": {"reference": f"DocumentReference/{target}"}}]}


KIN = {
    "addendum": document("Addendum.", id="kin", **related("appends", "secret")),
    "replacement": document("Anew.", id="kin", **related("replaces", "secret")),
    "rendition": document("The same.", id="kin", **related("transforms", "secret")),
    "copy": document(f"Assessment: {WORD} disease.", id="kin"),
    "copy as a report": {
        "resourceType": "DiagnosticReport",
        "id": "kin",
        "status": "final",
        "code": {"text": "Report"},
        "presentedForm": [secret()["content"][0]["attachment"]],
    },
}


@pytest.mark.parametrize("kin", KIN.values(), ids=KIN)
def test_what_belongs_to_an_excluded_document_is_excluded(kin: Resource) -> None:
    first = secret(**labelled("PSYTHPN"))
    is_report = kin["resourceType"] == "DiagnosticReport"
    intake = take(PLAIN, first, context=(kin,)) if is_report else take(PLAIN, first, kin)
    assert read(intake) == ["plain"] and "kin" in excluded(intake) and WORD not in everything(intake)


def test_the_source_of_an_excluded_rendition_is_excluded_and_its_target_of_an_addendum_is_not() -> None:
    assert read(
        take(PLAIN, document("x", id="source"), secret(**labelled("V", system=CONFIDENTIALITY), **related("transforms", "source")))
    ) == ["plain"]
    assert read(take(PLAIN, document("x", id="source"), secret(**labelled("PSYTHPN"), **related("appends", "source")))) == [
        "plain",
        "source",
    ]


def linking(name: str, url: str, text: str = "", **changes: Any) -> Resource:
    """A document whose text is behind a URL, or in a Binary within it where that begins with a hash."""
    held = {"resourceType": "Binary", "id": url[1:], "contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    within = {"contained": [held]} if url.startswith("#") else {}
    return document(id=name, content=[{"attachment": {"contentType": "text/plain", "url": url}}], **within, **changes)


def test_a_contained_binary_is_another_in_each_document() -> None:
    intake = take(linking("secret", "#b", "One.", **labelled("PSYTHPN")), linking("plain", "#b", "Assessment: asthma."))
    assert (read(intake), excluded(intake)) == (["plain"], ["secret"])


@pytest.mark.parametrize(
    "copy", [linking("kin", "#c", "The text."), document("The text.", id="kin")], ids=["under another name", "in the attachment"]
)
def test_the_bytes_of_a_contained_binary_are_known_again(copy: Resource) -> None:
    assert excluded(take(PLAIN, linking("secret", "#b", "The text.", **labelled("PSYTHPN")), copy)) == ["secret", "kin"]


def test_one_binary_is_known_by_a_relative_and_an_absolute_address(ehr: FakeEhr) -> None:
    notes = linking("secret", "Binary/b1", **labelled("PSYTHPN")), linking("kin", f"{BASE}/Binary/b1")
    assert excluded(take(PLAIN, *notes, ehr=ehr)) == ["secret", "kin"]
    assert not [call for call in ehr.http.calls if "Binary" in str(call.request.url)]


def test_an_addendum_to_a_copy_is_excluded_as_the_copy_is() -> None:
    copy = document("The text.", id="copy")
    notes = document("The text.", id="secret", **labelled("PSYTHPN")), copy, document("More.", id="more", **related("appends", "copy"))
    assert sorted(excluded(take(PLAIN, *notes))) == ["copy", "more", "secret"]


@pytest.mark.parametrize(
    "copies", [(), (document(f"Assessment: {WORD} disease.", id="copy"),)], ids=["alone", "beside a copy without the label"]
)
def test_a_binary_with_labels_of_its_own_is_not_read(ehr: FakeEhr, copies: tuple[Resource, ...]) -> None:
    body = base64.b64encode(f"Assessment: {WORD} disease.".encode()).decode()
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": body} | labelled("V", system=CONFIDENTIALITY)
    ehr.answers("GET", "Binary/b1", binary, Content_Type="application/fhir+json")
    intake = take(PLAIN, *copies, linking("secret", "Binary/b1"), ehr=ehr)
    assert (read(intake), excluded(intake)) == (["plain"], ["secret"]) and WORD not in everything(replaced(intake))


def test_a_restricted_binary_is_read_with_its_label(ehr: FakeEhr) -> None:
    body = base64.b64encode(b"Assessment: asthma.").decode()
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": body} | labelled("R", system=CONFIDENTIALITY)
    ehr.answers("GET", "Binary/b1", binary, Content_Type="application/fhir+json")
    intake = take(linking("secret", "Binary/b1"), ehr=ehr)
    assert [one.kind for one in intake.encounter.sensitive] == ["restricted"]
    assert [one.code for one in intake.encounter.notes[0].labels] == ["R"]


def test_a_document_of_a_program_as_its_author_is_excluded() -> None:
    rules = read_sensitive(programs=["Organization/otp"])
    assert excluded(take(PLAIN, secret(author=[{"reference": "Organization/otp"}]), rules=rules)) == ["secret"]


def consent(**changes: Any) -> Resource:
    return {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": coded("patient-privacy", "http://terminology.hl7.org/CodeSystem/consentscope"),
        "category": [coded("59284-0")],
        "patient": {"reference": "Patient/p1"},
        "policyRule": coded("42CFRPart2", ACT),
        "provision": {"type": "permit", "period": {"start": "2026-01-01", "end": "2026-12-31"}},
    } | changes


def purpose(*codes: str) -> list[Resource]:
    return [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code} for code in codes]


def actor(reference: str) -> list[Resource]:
    return [{"role": coded("IRCP"), "reference": {"reference": reference}}]


def of_visit(reference: str) -> list[Resource]:
    return [{"meaning": "related", "reference": {"reference": reference}}]


PAST = {"end": "2020-12-31"}
DENIED_ETH = {"type": "permit", "provision": [{"type": "deny", "securityLabel": [{"system": ACT, "code": "ETH"}]}]}
DENIED_HIV = {"type": "permit", "provision": [{"type": "deny", "securityLabel": [{"system": ACT, "code": "HIV"}]}]}
CONSENTS: dict[str, tuple[Resource, bool]] = {
    "permits": (consent(), True),
    "no provision, opt in by its policy": ({key: value for key, value in consent().items() if key != "provision"}, True),
    "by label": (
        consent(policyRule=coded("OPTIN", ACT), provision={"type": "permit", "securityLabel": [{"system": ACT, "code": "ETH"}]}),
        True,
    ),
    "not about part 2": (consent(policyRule=coded("OPTIN", ACT)), False),
    "draft": (consent(status="draft"), False),
    "another scope": (consent(scope=coded("treatment")), False),
    "another patient": (consent(patient={"reference": "Patient/p2"}), False),
    "expired": (consent(provision={"type": "permit", "period": {"end": "2026-10-31"}}), False),
    "of later": (consent(provision={"type": "permit", "period": {"start": "2026-11-02"}}), False),
    "not verified": (consent(verification=[{"verified": False}]), False),
    "denies": (consent(provision={"type": "deny"}), False),
    "denies within": (consent(provision=DENIED_ETH), False),
    "denies something else within": (consent(provision=DENIED_HIV), True),
    "for payment": (consent(provision={"type": "permit", "purpose": purpose("HPAYMT")}), True),
    "for research": (consent(provision={"type": "permit", "purpose": purpose("HRESCH")}), False),
    "to collect only": (consent(provision={"type": "permit", "action": [coded("collect")]}), False),
    "to somebody else": (consent(provision={"type": "permit", "actor": actor("Organization/other")}), False),
    "opts out by its policy": (
        {
            key: value
            for key, value in consent(policyRule=coded("OPTOUT", ACT), category=[coded("42CFRPart2", ACT)]).items()
            if key != "provision"
        },
        False,
    ),
    "for this visit": (consent(provision={"type": "permit", "data": of_visit("Encounter/e1")}), True),
    "for another visit": (consent(provision={"type": "permit", "data": of_visit("Encounter/e2")}), False),
    "for one document": (consent(provision={"type": "permit", "data": of_visit("DocumentReference/plain")}), False),
    "for records of then": (consent(provision={"type": "permit", "dataPeriod": {"end": "2025-12-31"}}), False),
    "for records of now": (consent(provision={"type": "permit", "dataPeriod": {"start": "2026-01-01"}}), True),
    "for some codes": (consent(provision={"type": "permit", "code": [coded("11450-4")]}), False),
    "within a part that is over": (consent(provision={"type": "permit", "provision": [{"type": "permit", "period": PAST}]}), False),
    "to this practice": (consent(provision={"type": "permit", "actor": actor("Organization/here")}), True),
}


@pytest.mark.parametrize(("given", "permits"), CONSENTS.values(), ids=CONSENTS)
def test_a_consent_opens_part_2_records(given: Resource, permits: bool) -> None:
    visit = encounter(serviceProvider={"reference": "Organization/here"})
    intake = take(PLAIN, secret(**labelled("42CFRPart2")), context=(given,), encounter=visit)
    assert ("secret" in read(intake)) is permits


WITHOUT_PROVISION = {key: value for key, value in consent(id="c2").items() if key != "provision"}
DENIALS: dict[str, tuple[Resource, bool]] = {
    "plain": (consent(id="c2", provision={"type": "deny"}), True),
    "of everything by its policy": (WITHOUT_PROVISION | {"policyRule": coded("OPTOUT", ACT)}, True),
    "until some day of the year": (consent(id="c2", provision={"type": "deny", "period": {"end": "2026"}}), True),
    "until last year": (consent(id="c2", provision={"type": "deny", "period": {"end": "2025"}}), False),
    "with an exception that is over": (
        consent(id="c2", provision={"type": "deny", "provision": [{"type": "permit", "period": PAST}]}),
        True,
    ),
    "within, beside a part that is over": (
        consent(id="c2", provision={"type": "permit", "provision": [{"type": "deny"}, {"type": "permit", "period": PAST}]}),
        True,
    ),
    "within, and over": (consent(id="c2", provision={"type": "permit", "provision": [{"type": "deny", "period": PAST}]}), False),
}


@pytest.mark.parametrize(("denial", "denies"), DENIALS.values(), ids=DENIALS)
def test_one_consent_that_denies_goes_before_one_that_permits(denial: Resource, denies: bool) -> None:
    found = excluded(take(PLAIN, secret(**labelled("42CFRPart2")), context=(consent(), denial)))
    assert found == (["secret"] if denies else [])


@pytest.mark.parametrize(
    ("limits", "denies"),
    [
        ({}, True),
        ({"purpose": purpose("HPAYMT")}, True),
        ({"purpose": purpose("HRESCH")}, False),
        ({"actor": actor("Organization/hie")}, False),
    ],
)
def test_a_denial_of_everything_denies_part_2_too(limits: Resource, denies: bool) -> None:
    denial = consent(id="c2", policyRule=coded("OPTOUT", ACT), provision={"type": "deny"} | limits)
    assert bool(excluded(take(PLAIN, secret(**labelled("42CFRPart2")), context=(consent(), denial)))) is denies


def test_no_consent_opens_psychotherapy_notes() -> None:
    assert excluded(take(PLAIN, secret(**labelled("PSYTHPN", "42CFRPart2")), context=(consent(),))) == ["secret"]


def test_a_caller_who_is_bound_to_a_patient_cannot_bring_the_consent() -> None:
    limits = CallerLimits(patient="p1")
    assert excluded(take(PLAIN, secret(**labelled("42CFRPart2")), context=(consent(),), limits=limits)) == ["secret"]


@pytest.mark.parametrize("sent", [(), (consent(id="c2", provision={"type": "deny"}),)], ids=["nothing sent", "a denial sent"])
def test_a_caller_who_is_bound_to_a_patient_can_bring_a_denial(ehr: FakeEhr, sent: tuple[Resource, ...]) -> None:
    """It takes nothing from anybody but the patient whose it is."""
    ehr.answers("GET", "metadata", metadata(Consent="patient"))
    ehr.answers("GET", "Consent", searchset(consent()))
    intake = take(PLAIN, secret(**labelled("42CFRPart2")), ehr=ehr, context=sent, limits=CallerLimits(patient="p1"))
    assert excluded(intake) == (["secret"] if sent else [])


VISITS = {
    "label": labelled("42CFRPart2"),
    "program of the site": {"serviceProvider": {"reference": "Organization/otp"}},
    "place": {"location": [{"location": {"reference": "Location/otp"}}]},
    "type in words": {"type": [{"text": "Substance use disorder treatment visit"}]},
    "very restricted": labelled("V", system=CONFIDENTIALITY),
}


@pytest.mark.parametrize("marks", VISITS.values(), ids=VISITS)
def test_a_visit_that_is_excluded_as_a_whole_asks_for_no_document(ehr: FakeEhr, marks: Resource) -> None:
    ehr.answers("GET", "metadata", metadata(Patient="", Encounter="", DocumentReference="patient encounter", Consent="patient"))
    ehr.answers("GET", "Encounter/e1", encounter(**marks))
    ehr.answers("GET", "Patient/p1", patient())
    ehr.answers("GET", "Consent", searchset())
    rules = read_sensitive(programs=["Organization/otp", "Location/otp"])
    with pytest.raises(Uncodable, match="excluded as sensitive"):
        gather(CodingRequest("default", "e1"), ehr.client, IntakePolicy(sensitive=rules), today=lambda: TODAY)
    assert not [call for call in ehr.http.calls if "DocumentReference" in str(call.request.url)]


OTP = read_sensitive(programs=["Organization/otp"])


def test_a_caller_who_is_bound_to_a_patient_cannot_send_the_encounter_without_its_marks(ehr: FakeEhr) -> None:
    ehr.answers("GET", "metadata", metadata(Consent="patient"))
    ehr.answers("GET", "Encounter/e1", encounter(serviceProvider={"reference": "Organization/otp"}))
    ehr.answers("GET", "Consent", searchset())
    with pytest.raises(Uncodable, match="excluded as sensitive"):
        take(notes=None, rules=OTP, ehr=ehr, limits=CallerLimits(patient="p1"))


def test_whom_a_consent_names_is_told_by_the_ehrs_encounter(ehr: FakeEhr) -> None:
    named = consent(provision={"type": "permit", "actor": actor("Organization/elsewhere")})
    ehr.answers("GET", "metadata", metadata(Consent="patient", DocumentReference="patient encounter"))
    ehr.answers("GET", "Encounter/e1", encounter(serviceProvider={"reference": "Organization/here"}))
    ehr.answers("GET", "Consent", searchset(named))
    visit = {"context": {"encounter": [{"reference": "Encounter/e1"}]}, "subject": {"reference": "Patient/p1"}}
    ehr.answers("GET", "DocumentReference", searchset(PLAIN | visit, secret(**labelled("42CFRPart2")) | visit))
    sent = encounter(serviceProvider={"reference": "Organization/elsewhere"})
    assert excluded(take(notes=None, encounter=sent, ehr=ehr, limits=CallerLimits(patient="p1"))) == ["secret"]


def test_the_labels_of_the_ehrs_patient_count_beside_those_of_the_one_that_was_sent(ehr: FakeEhr) -> None:
    ehr.answers("GET", "metadata", metadata(Patient="", Encounter=""))
    ehr.answers("GET", "Encounter/e1", encounter())
    ehr.answers("GET", "Patient/p1", patient(**labelled("R", system=CONFIDENTIALITY)))
    intake = take(PLAIN, encounter=None, encounter_id="e1", ehr=ehr)
    assert [one.kind for one in intake.encounter.sensitive] == ["restricted"]
    assert [one.code for one in intake.encounter.labels] == ["R"]


def test_what_was_sent_along_and_is_excluded_goes_to_no_report() -> None:
    condition = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "code": {"text": WORD}}
    assert "Condition/c1" in take(PLAIN, context=(condition,)).resources
    intake = take(PLAIN, context=(condition | labelled("PSYTHPN"),))
    assert "Condition/c1" not in intake.resources and WORD not in everything(intake)


def test_a_restricted_patient_has_every_visit_looked_at() -> None:
    intake = take(PLAIN, patient=patient(**labelled("R", system=CONFIDENTIALITY)))
    assert [(one.reference, one.kind) for one in intake.encounter.sensitive] == [("Encounter/e1", "restricted")]


def test_the_binary_of_an_excluded_document_is_never_asked_for(ehr: FakeEhr) -> None:
    """Nor that of a report that links the same one."""
    address = {"content": [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}]}
    visit = {"context": {"encounter": [{"reference": "Encounter/e1"}]}, "subject": {"reference": "Patient/p1"}}
    report = KIN["copy as a report"] | {"presentedForm": [{"url": "Binary/b1"}], "encounter": {"reference": "Encounter/e1"}}
    listed = metadata(
        Patient="", Encounter="", Binary="", DocumentReference="patient encounter", DiagnosticReport="patient encounter", Consent="patient"
    )
    ehr.answers("GET", "metadata", listed)
    ehr.answers("GET", "Encounter/e1", encounter())
    ehr.answers("GET", "Patient/p1", patient())
    ehr.answers("GET", "DocumentReference", searchset(PLAIN | visit, secret(**labelled("42CFRPart2"), **address) | visit))
    ehr.answers("GET", "DiagnosticReport", searchset(report))
    ehr.answers("GET", "Consent", searchset())
    ehr.answers("GET", "Binary/b1", b"never")
    intake = gather(CodingRequest("default", "e1"), ehr.client, today=lambda: TODAY)
    assert not [call for call in ehr.http.calls if "Binary" in str(call.request.url)]
    assert sorted(excluded(intake)) == ["kin", "secret"] and read(intake) == ["plain"]


def test_an_encounter_with_nothing_but_excluded_notes_is_refused_by_their_addresses() -> None:
    with pytest.raises(Uncodable) as raised:
        take(secret(**TITLED))
    assert "DocumentReference/secret: psychotherapy notes (45 CFR 164.501, 164.508(a)(2))" in raised.value.message
    assert WORD not in raised.value.message


def cda(header: str = "N", section: str = "N", title: str = "Plan", entry: str = "") -> Resource:
    """A C-CDA of two sections, the second with the marks."""

    def code(value: str) -> str:
        return f'<confidentialityCode code="{value}" codeSystem="2.16.840.1.113883.5.25"/>'

    body = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Visit</title>'
        f"{code(header)}<component><structuredBody>"
        "<component><section><title>Assessment</title><text><paragraph>Essential hypertension.</paragraph></text></section></component>"
        f"<component><section><title>{title}</title>{code(section)}<text><paragraph>{WORD} disease.</paragraph></text>{entry}</section></component>"
        "<component><section><title>Diagnoses</title><text><paragraph>Asthma.</paragraph></text></section></component>"
        "</structuredBody></component></ClinicalDocument>"
    )
    attachment = {"contentType": "application/xml", "data": base64.b64encode(body.encode()).decode()}
    return document(id="cda", content=[{"attachment": attachment}])


OBSERVED = (
    '<entry><organizer><component><observation><code code="SECCATOBS"/><value code="42CFRPart2" codeSystem="2.16.840.1.113883.5.4"/>'
    "</observation></component></organizer></entry>"
)
CUT = {"confidentiality": cda(section="V"), "title": cda(title="Psychotherapy notes"), "privacy annotation": cda(entry=OBSERVED)}


@pytest.mark.parametrize("sent", CUT.values(), ids=CUT)
def test_a_marked_section_of_a_c_cda_is_cut_out(sent: Resource) -> None:
    intake = take(sent)
    (note,) = intake.encounter.notes
    assert "Essential hypertension" in note.text and "Asthma" in note.text and WORD not in everything(replaced(intake))
    assert excluded(intake) == ["cda"]
    for hint in note.hints:
        assert note.text[hint.start : hint.body_start].strip() == hint.title


def test_a_c_cda_that_is_marked_as_a_whole_is_not_used() -> None:
    intake = take(PLAIN, cda(header="V"))
    assert (read(intake), excluded(intake)) == (["plain"], ["cda"]) and WORD not in everything(replaced(intake))


def test_a_restricted_section_of_a_c_cda_is_read_with_its_label() -> None:
    intake = take(cda(section="R"))
    assert [one.kind for one in intake.encounter.sensitive] == ["restricted"]
    assert "R" in {one.code for one in intake.encounter.notes[0].labels}


def replaced(intake: Intake) -> Intake:
    """Without the resources: these hold the document's own bytes, in base64."""
    return Intake(intake.encounter, {}, intake.warnings)


def condition(**changes: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": "k1",
        "category": [coded("encounter-diagnosis", "http://terminology.hl7.org/CodeSystem/condition-category")],
        "code": coded("F11.20", "http://hl7.org/fhir/sid/icd-10-cm"),
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
    } | changes


def test_a_recorded_diagnosis_and_a_service_with_such_a_label_are_not_used() -> None:
    charge = {
        "resourceType": "ChargeItem",
        "id": "h1",
        "status": "billable",
        "code": coded("H0020", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
        "subject": {"reference": "Patient/p1"},
    }
    assert take(PLAIN, context=(condition(), charge)).encounter.recorded != ()
    intake = take(PLAIN, context=(condition(**labelled("42CFRPart2")), charge | labelled("42CFRPart2")))
    assert (intake.encounter.recorded, intake.encounter.services) == ((), ())
    assert "Condition/k1 is marked sensitive and was not used" in intake.warnings


def test_a_copy_that_lost_its_label_keeps_that_of_the_other() -> None:
    text = "Assessment: the very same."
    intake = take(document(text, id="a"), document(text + "\n", id="b", **labelled("R", system=CONFIDENTIALITY)))
    assert [one.code for note in intake.encounter.notes for one in note.labels] == ["R"]
