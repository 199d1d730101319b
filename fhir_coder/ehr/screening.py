"""What of an encounter is read, read with reserve, or not read at all, because of what marks it as sensitive.

Decided on metadata alone, before any attachment is fetched or looked at. Exclusion spreads: to what was made of an excluded document or is
another format of it, to what was added to it and what replaces it, and to what carries the same attachment. An excluded document is told by
its address and our words for the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from fhir_coder.ehr.formats import attachments_of
from fhir_coder.ehr.references import literal
from fhir_coder.ehr.relations import APPENDS, REPLACES, TRANSFORMS, Relations
from fhir_coder.ehr.selection import Excluded, Selection
from fhir_coder.ehr.sensitivity import Mark, marks_of_document, marks_of_resource
from fhir_coder.exchange import Resource
from fhir_coder.sensitive_settings import Kind, Rule, SensitiveRules

NO_CONSENT = "no consent that permits it is known"


def no_consent() -> str:
    """Where no Consent can be asked for."""
    return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``excluded``: why it is not read, or empty. ``reserved``: marks that a person has to look at when it is read."""

    excluded: str = ""
    reserved: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """Judges marks by a tenant's rules. ``find_consent`` gives the name of a Consent that permits reading Part 2 records, or empty; it is asked
    only where that decides."""

    rules: SensitiveRules = field(default_factory=SensitiveRules)
    find_consent: Callable[[], str] = no_consent

    def judge(self, marks: Iterable[Mark]) -> Verdict:
        """The strictest rule that one of the marks meets."""
        reserved: list[Mark] = []
        for mark in marks:
            rule = self.rules.rule(mark.kind)
            if rule is Rule.EXCLUDE:
                return Verdict(mark.sentence)
            if rule is Rule.CONSENT and not self.find_consent():
                return Verdict(f"{mark.sentence}, and {NO_CONSENT}")
            if rule is Rule.REVIEW:
                reserved.append(mark)
        return Verdict("", tuple(reserved))

    def of_document(self, document: Resource) -> Verdict:
        """Of a DocumentReference or DiagnosticReport by its metadata."""
        return self.judge(marks_of_document(document, self.rules))

    def admits(self, resource: Resource) -> bool:
        """Whether any other resource of the visit may be used, by its labels."""
        return not self.judge(marks_of_resource(resource, self.rules)).excluded


def excluded_positions(documents: Sequence[Resource], relations: Relations, screen: Screen) -> dict[int, str]:
    """Positions of what is not read, with the reason: by its own marks, or through the document that it belongs to or carries the bytes of."""
    found = {place: why for place, one in enumerate(documents) if (why := screen.of_document(one).excluded)}
    while True:
        wider = _with_copies(documents, _with_kin(relations, found))
        if len(wider) == len(found):
            return found
        found = wider


def _with_kin(relations: Relations, excluded: dict[int, str]) -> dict[int, str]:
    """With what is related to an excluded one, and to what that excludes."""
    found, waiting = dict(excluded), list(excluded)
    groups = [set(group) for group in relations.joined(TRANSFORMS)]
    while waiting:
        one = waiting.pop()
        near = set(relations.below([one], APPENDS, TRANSFORMS, REPLACES)).union(*(group for group in groups if one in group))
        for place in sorted(near - found.keys()):
            found[place] = _inherited(found[one])
            waiting.append(place)
    return found


def _with_copies(documents: Sequence[Resource], found: dict[int, str]) -> dict[int, str]:
    """With those that carry an attachment of an excluded one: the same document under another address."""
    known = {key: found[place] for place in found for key in attachment_keys(documents[place])}
    copies = {
        place: _inherited(why)
        for place, one in enumerate(documents)
        if place not in found and (why := next((known[key] for key in attachment_keys(one) if key in known), ""))
    }
    return found | copies


def attachment_keys(document: Resource) -> set[tuple[str, str]]:
    """What tells that two documents carry the same attachment: its address, relative or absolute, its announced hash, its bytes. The address of
    a contained Binary means another thing in each document; its bytes do not."""
    urls = [one["url"] for one in attachments_of(document) if isinstance(one.get("url"), str)]
    named = {("url", literal({"reference": url}) or url) for url in urls if not url.startswith("#")}
    held = [one for one in document.get("contained", ()) if f"#{one.get('id')}" in urls]
    attached = [*attachments_of(document), *held]
    return named | {(name, one[name]) for one in attached for name in ("hash", "data") if isinstance(one.get(name), str)}


def _inherited(why: str) -> str:
    return why if why.startswith("belongs to") else f"belongs to a document that is excluded: {why}"


def without_copies(selection: Selection) -> Selection:
    """A selection without what carries an attachment of something excluded: a report and a note may be the same document."""
    known = {key: one.why for one in selection.excluded for key in attachment_keys(one.document)}

    def why(document: Resource) -> str:
        return next((known[key] for key in attachment_keys(document) if key in known), "")

    places = [place for place, one in enumerate(selection.documents) if not why(one)]
    dropped = [one for one in (*selection.documents, *selection.pending) if why(one)]
    if not dropped:
        return selection
    return replace(
        selection,
        documents=tuple(selection.documents[one] for one in places),
        renditions={new: selection.renditions[old] for new, old in enumerate(places) if old in selection.renditions},
        pending=tuple(one for one in selection.pending if not why(one)),
        excluded=(*selection.excluded, *(Excluded(one, _inherited(why(one))) for one in dropped)),
    )


def self_pay_mark(marks: Iterable[Mark]) -> Mark | None:
    """The mark of a self-pay restriction, where there is one."""
    return next((one for one in marks if one.kind is Kind.SELF_PAY), None)
