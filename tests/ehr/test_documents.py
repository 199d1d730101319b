"""Which documents of an encounter are its notes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.ehr.documents import select_found, select_given
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.search_plan import CLINICAL_NOTE
from fhir_coder.ehr.selection import Selection
from fhir_coder.ehr.visit import Visit
from fhir_coder.errors import Uncodable
from tests.ehr.conftest import document

VISIT = Visit("Encounter/e1", "Patient/p1")
HERE = {"encounter": [{"reference": "Encounter/e1"}]}
ELSEWHERE = {"encounter": [{"reference": "Encounter/e2"}]}

NOTE = [{"coding": [{"system": CLINICAL_NOTE[0], "code": CLINICAL_NOTE[1]}]}]


def ids(selection: Selection) -> list[str]:
    return [one["id"] for one in selection.documents]


def linked(code: str, target: str) -> list[dict[str, Any]]:
    return [{"code": code, "target": {"reference": target}}]


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({}, True),
        ({"docStatus": "amended"}, True),
        ({"docStatus": "preliminary"}, False),
        ({"status": "superseded"}, False),
        ({"status": "entered-in-error"}, False),
        ({"docStatus": "entered-in-error"}, False),
        ({"subject": {"reference": "Patient/p1"}}, True),
        ({"subject": {"reference": "https://ehr.example.org/fhir/Patient/p1/_history/3"}}, True),
        ({"subject": {"identifier": {"value": "x"}}}, True),
        ({"context": HERE}, True),
    ],
)
def test_given_documents(changes: dict[str, Any], is_kept: bool) -> None:
    selection = select_given([document(**changes)], VISIT)
    assert bool(selection.documents) is is_kept
    assert bool(selection.warnings) is not is_kept
    assert selection.conflicts == ()


def test_a_preliminary_document_waits_unless_the_site_codes_it() -> None:
    draft = document(docStatus="preliminary")
    skipped = select_given([draft], VISIT)
    assert (skipped.documents, skipped.pending) == ((), (draft,))
    coded = select_given([draft], VISIT, IntakePolicy(preliminary="code"))
    assert (coded.documents, coded.pending, coded.warnings) == ((draft,), (), ("DocumentReference/d1 is preliminary",))


def test_a_given_document_of_another_encounter_is_a_conflict() -> None:
    selection = select_given([document(context=ELSEWHERE)], VISIT)
    assert len(selection.documents) == 1 and selection.conflicts == ("DocumentReference/d1 names another encounter",)


@pytest.mark.parametrize("select", [select_given, select_found])
def test_another_patients_document_is_refused(select: Any) -> None:
    with pytest.raises(Uncodable):
        select([document(subject={"reference": "Patient/p2"}, context=HERE)], VISIT)


def test_found_documents_are_those_of_the_encounter() -> None:
    found = [
        document(id="here", context=HERE, category=NOTE),
        document(id="elsewhere", context=ELSEWHERE),
        document(id="other", subject={"reference": "Patient/p2"}, context=ELSEWHERE),
        document(id="loose"),
    ]
    selection = select_found(found, VISIT)
    assert ids(selection) == ["here"]
    assert selection.warnings == ("1 documents of the patient that may be of the visit by their date name no encounter and were not read",)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"date": "2026-05-01T08:00:00-07:00"}, True),
        ({"date": "2026-05-02T23:59:00-07:00"}, True),
        ({"date": "2026-05-03T00:00:00-07:00"}, False),
        ({"date": "2026-04-30T23:59:00-07:00"}, False),
        ({"context": {"period": {"start": "2026-05-01"}}}, True),
        ({"context": {"period": {"start": "2026"}}}, True),
        ({"date": "2026-05-01T08:00:00Z", "subject": {"reference": "Patient/p2"}}, False),
    ],
)
def test_a_document_without_an_encounter_is_told_of_when_its_date_fits(changes: dict[str, Any], is_told: bool) -> None:
    visit = Visit("Encounter/e1", "Patient/p1", "2026-05-01T10:00:00-07:00", "2026-05-02T01:00:00-07:00")
    selection = select_found([document(**changes)], visit)
    assert selection.documents == () and bool(selection.warnings) is is_told


@pytest.mark.parametrize(
    ("reference", "is_ours"),
    [
        ({"reference": "https://ehr.example.org/fhir/Encounter/e1/_history/2"}, True),
        ({"identifier": {"system": "urn:visits", "value": "V-1"}}, True),
        ({"reference": "Encounter?identifier=urn:visits|V-1"}, True),
        ({"identifier": {"system": "urn:visits", "value": "V-2"}}, False),
        ({"identifier": {"system": "urn:other", "value": "V-1"}}, False),
        ({"display": "the visit"}, False),
    ],
)
def test_the_encounter_is_known_by_address_and_identifier(reference: dict[str, Any], is_ours: bool) -> None:
    visit = Visit("Encounter/e1", "Patient/p1", identifiers=frozenset({("urn:visits", "V-1")}))
    selection = select_found([document(context={"encounter": [reference]})], visit)
    assert bool(selection.documents) is is_ours


def test_documents_of_other_categories_stay_unread_beside_clinical_notes() -> None:
    consent = [{"coding": [{"system": "urn:local", "code": "consent"}]}]
    found = [document(id="note", context=HERE, category=NOTE), document(id="bare", context=HERE)]
    found.append(document(id="consent", context=HERE, category=consent))
    selection = select_found(found, VISIT)
    assert ids(selection) == ["bare", "note"]
    assert selection.warnings == ("DocumentReference/consent is not in the category clinical-note and was not read",)
    local_only = select_found(found[1:], VISIT)
    assert ids(local_only) == ["bare", "consent"] and "whatever their category" in local_only.warnings[0]


@pytest.mark.parametrize(
    ("code", "kept"), [("replaces", ["new"]), ("appends", ["old", "new"]), ("signs", ["old", "new"]), ("transforms", ["old"])]
)
def test_what_a_relation_does(code: str, kept: list[str]) -> None:
    new = document(id="new", date="2026-05-03T10:00:00Z", relatesTo=linked(code, "DocumentReference/old"))
    old = document(id="old", date="2026-05-02T10:00:00Z")
    assert ids(select_given([new, old], VISIT)) == kept


TARGETS = {
    "relative": {"reference": "DocumentReference/old"},
    "absolute": {"reference": "https://ehr.example.org/fhir/R4/DocumentReference/old"},
    "versioned": {"reference": "DocumentReference/old/_history/2"},
    "by identifier": {"identifier": {"system": "urn:docs", "value": "7"}},
    "by master identifier": {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}},
    "by URN": {"reference": "urn:oid:1.2.3"},
    "conditional": {"reference": "DocumentReference?identifier=urn:docs|7"},
    "contained": {"reference": "#before"},
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_a_target_is_found_however_it_is_named(target: dict[str, Any]) -> None:
    identifiers = {
        "identifier": [{"system": "urn:docs", "value": "7"}],
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"},
    }
    stand_in = {"resourceType": "DocumentReference", "id": "before", "identifier": [{"system": "urn:docs", "value": "7"}]}
    new = document(id="new", relatesTo=[{"code": "replaces", "target": target}], contained=[stand_in])
    assert ids(select_given([document(id="old", **identifiers), new], VISIT)) == ["new"]


def test_an_identifier_that_several_documents_have_names_none() -> None:
    shared = {"identifier": [{"system": "urn:docs", "value": "7"}]}
    new = document(id="new", relatesTo=[{"code": "replaces", "target": {"identifier": {"system": "urn:docs", "value": "7"}}}], **shared)
    selection = select_given([document(id="a", **shared), document(id="b", **shared), new], VISIT)
    assert ids(selection) == ["a", "b", "new"]


DRAFT = {"docStatus": "preliminary"}
ERROR = {"docStatus": "entered-in-error"}
REPLACEMENTS: dict[str, tuple[list[tuple[str, str, dict[str, Any]]], list[str]]] = {
    "a chain": ([("a", "", {}), ("b", "a", {}), ("c", "b", {})], ["c"]),
    "a chain with a superseded middle": ([("a", "", {}), ("b", "a", {"status": "superseded"}), ("c", "b", {})], ["c"]),
    "a chain with a mistaken middle": ([("a", "", {}), ("b", "a", ERROR), ("c", "b", {})], ["c"]),
    "a replacement that was made in error": ([("a", "", {}), ("b", "a", ERROR)], ["a"]),
    "a replacement that was superseded by one unseen": ([("a", "", {}), ("b", "a", {"status": "superseded"})], []),
    "a replacement that is not signed": ([("a", "", {}), ("b", "a", DRAFT)], ["a"]),
    "a replacement filed under another encounter": ([("a", "", {}), ("b", "a", {"context": ELSEWHERE})], []),
    "itself": ([("a", "a", {})], ["a"]),
    "a circle, of which the last stands": ([("a", "b", {}), ("b", "a", {})], ["b"]),
    "a circle of three": ([("a", "c", {}), ("b", "a", {}), ("c", "b", {})], ["c"]),
    "one that is not there": ([("a", "missing", {})], ["a"]),
}


@pytest.mark.parametrize(("rows", "kept"), REPLACEMENTS.values(), ids=REPLACEMENTS.keys())
@pytest.mark.parametrize("is_reversed", [False, True])
def test_replacements(rows: list[tuple[str, str, dict[str, Any]]], kept: list[str], is_reversed: bool) -> None:
    documents = [
        document(id=name, date=f"2026-05-01T1{hour}:00:00Z", context=HERE)
        | ({"relatesTo": linked("replaces", f"DocumentReference/{target}")} if target else {})
        | changes
        for hour, (name, target, changes) in enumerate(rows)
    ]
    selection = select_found(reversed(documents) if is_reversed else documents, VISIT)
    assert ids(selection) == kept


def test_a_draft_that_the_site_codes_replaces_what_it_says() -> None:
    draft = document(id="b", relatesTo=linked("replaces", "DocumentReference/a"), **DRAFT)
    assert ids(select_given([document(id="a"), draft], VISIT, IntakePolicy(preliminary="code"))) == ["b"]


def test_an_addendum_follows_its_note_whatever_its_date() -> None:
    second = document(id="second", date="2026-05-01T08:00:00Z", relatesTo=linked("appends", "DocumentReference/first"))
    first = document(id="first", date="2026-05-01T07:00:00Z", relatesTo=linked("appends", "DocumentReference/note"))
    note = document(id="note", date="2026-05-01T12:00:00-05:00")
    later = document(id="later", date="2026-05-01T17:30:00Z")
    circle = document(id="undated", relatesTo=linked("appends", "DocumentReference/undated"))
    assert ids(select_given([second, first, later, note, circle], VISIT)) == ["undated", "note", "first", "second", "later"]


ADDENDA: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "to a note in error": ({"status": "entered-in-error"}, [], "belongs to a document that is entered in error"),
    "to a superseded note": ({"status": "superseded"}, ["p"], "was added to a document that is not read here"),
    "to an unsigned note": (DRAFT, ["p"], "was added to a document that is not read here"),
    "to a note of another encounter": ({"context": ELSEWHERE}, ["p"], "was added to a document that is not read here"),
    "to a note that is not there": ({"id": "unknown"}, ["p", "unknown"], "was added to a document that is not read here"),
}


@pytest.mark.parametrize(("changes", "kept", "why"), ADDENDA.values(), ids=ADDENDA.keys())
def test_an_addendum_whose_note_is_not_read(changes: dict[str, Any], kept: list[str], why: str) -> None:
    note = document(**({"id": "a", "context": HERE} | changes))
    addendum = document(id="p", context=HERE, relatesTo=linked("appends", "DocumentReference/a"))
    selection = select_found([note, addendum], VISIT)
    assert ids(selection) == kept
    assert any(f"DocumentReference/p {why}" in warning for warning in selection.warnings)


def test_an_addendum_to_a_replaced_version_is_kept_and_named() -> None:
    new = document(id="new", relatesTo=linked("replaces", "DocumentReference/old"))
    addendum = document(id="p", relatesTo=linked("appends", "DocumentReference/old"))
    selection = select_given([document(id="old"), new, addendum], VISIT)
    assert ids(selection) == ["new", "p"]
    assert "DocumentReference/p was added to a version that has been replaced since" in selection.warnings


def pdf(**changes: Any) -> dict[str, Any]:
    return document(content=[{"attachment": {"contentType": "application/pdf", "url": "Binary/1"}}], **changes)


def test_of_renditions_the_best_readable_is_read_and_keeps_the_others() -> None:
    scan = pdf(id="scan")
    page = document(id="page", relatesTo=linked("transforms", "DocumentReference/scan"))
    page["content"][0]["attachment"]["contentType"] = "text/html"
    text = document(id="text", relatesTo=linked("transforms", "DocumentReference/page"))
    for order in ([scan, page, text], [text, page, scan], [page, scan, text]):
        selection = select_given(order, VISIT)
        assert ids(selection) == ["text"] and [one["id"] for one in selection.renditions[0]] == ["page", "scan"]
    copy = document(id="copy", relatesTo=linked("transforms", "DocumentReference/d1"))
    assert ids(select_given([copy, document()], VISIT)) == ["d1"]


def test_renditions_in_a_circle_are_one_document() -> None:
    one = document(id="a", relatesTo=linked("transforms", "DocumentReference/b"))
    other = pdf(id="b", relatesTo=linked("transforms", "DocumentReference/a"))
    assert ids(select_given([other, one], VISIT)) == ["a"]


def test_a_rendition_falls_with_its_document() -> None:
    rendition = pdf(id="pdf", relatesTo=linked("transforms", "DocumentReference/old"))
    new = document(id="new", relatesTo=linked("replaces", "DocumentReference/old"))
    assert ids(select_given([document(id="old"), rendition, new], VISIT)) == ["new"]
    assert ids(select_given([document(id="old", **ERROR), rendition], VISIT)) == []
    waiting = select_given([document(id="old", **DRAFT), rendition], VISIT)
    assert ids(waiting) == [] and [one["id"] for one in waiting.pending] == ["old", "pdf"]


def test_a_replacement_in_another_format_is_a_replacement() -> None:
    """IHE XDS knows "transform and replace" and lets an addendum replace: both links then name one target."""
    for code in ("transforms", "appends"):
        links = linked("replaces", "DocumentReference/old") + linked(code, "DocumentReference/old")
        assert ids(select_given([document(id="old"), pdf(id="new", relatesTo=links)], VISIT)) == ["new"]
        assert ids(select_given([document(id="old", **ERROR), pdf(id="new", relatesTo=links)], VISIT)) == ["new"]


def test_what_hangs_on_a_document_falls_with_it_through_others() -> None:
    page = document(id="page", relatesTo=linked("transforms", "DocumentReference/old"))
    scan = pdf(id="scan", relatesTo=linked("transforms", "DocumentReference/page"))
    addendum = document(id="addendum", relatesTo=linked("appends", "DocumentReference/page"))
    new = document(id="new", relatesTo=linked("replaces", "DocumentReference/old"))
    assert ids(select_given([document(id="old"), page, scan, new], VISIT)) == ["new"]
    assert ids(select_given([document(id="old", **ERROR), page, scan, addendum], VISIT)) == []


def test_a_long_chain_takes_no_time() -> None:
    for code in ("replaces", "appends", "transforms"):
        chain = [document(id=f"d{at}", relatesTo=linked(code, f"DocumentReference/d{at - 1}")) for at in range(3000)]
        selection = select_given(chain, VISIT)
        assert len(selection.documents) == (3000 if code == "appends" else 1)


def linked_sets() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Documents with any relations among them, circles and strangers included."""
    names = st.sampled_from(["a", "b", "c", "d", "x"])
    link = st.builds(linked, st.sampled_from(["replaces", "appends", "transforms", "signs"]), names.map("DocumentReference/{}".format))
    states = st.fixed_dictionaries(
        {},
        optional={
            "docStatus": st.sampled_from(["final", "preliminary", "entered-in-error"]),
            "context": st.sampled_from([HERE, ELSEWHERE]),
        },
    )
    one = st.builds(
        lambda links, state: {"relatesTo": [entry for found in links for entry in found]} | state, st.lists(link, max_size=3), states
    )
    return st.lists(one, max_size=4).map(lambda rows: [document(id="abcd"[at], **row) for at, row in enumerate(rows)])


@given(linked_sets())
def test_whatever_is_related_each_document_is_read_once_or_accounted_for(documents: list[dict[str, Any]]) -> None:
    selection = select_given(documents, VISIT)
    read = [*selection.documents, *(one for others in selection.renditions.values() for one in others), *selection.pending]
    assert len({one["id"] for one in read}) == len(read)
    told = " ".join(selection.warnings)
    assert all(one in read or f"DocumentReference/{one['id']}" in told for one in documents)
    assert ids(select_given(reversed(documents), VISIT)) == ids(selection)
