"""One clinical document as a value: its canonical text, what its format declares of it, and whose documentation it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


def text_hash(text: str) -> str:
    """The sha256 (hex) of canonical text, as carried by every piece of evidence."""
    return sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class SectionHint:
    """A section that the note's own format declares (a C-CDA section, an HTML heading): the reader need not guess it.

    ``start`` is where the heading begins, ``body_start`` where its text begins, ``end`` where the section ends. ``loinc`` is the section's
    LOINC code or empty; ``title`` the heading's words or empty.
    """

    start: int
    body_start: int
    end: int
    title: str
    loinc: str = ""


class Authority(StrEnum):
    """Whose documentation a note is, which decides what may be coded from it (guidelines I.B.14, III.B and IV.K).

    ``PROVIDER``: legally accountable for establishing the diagnosis. ``CLINICIAN``: anybody else who writes in the record (nurse, assistant,
    student, the patient). ``REPORT``: an imaging or pathology report that a physician interpreted. ``RESULTS``: measured values without an
    interpretation. ``UNKNOWN``: the EHR does not say.
    """

    PROVIDER = "provider"
    CLINICIAN = "clinician"
    REPORT = "report"
    RESULTS = "results"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SecurityLabel:
    """One security label (``meta.security``): its code system, by its current URL where it is one that is known here, and its code."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What was read although it is marked sensitive, so that a person looks: the address of the document or the encounter, the kind of mark,
    and what the mark says in our own words."""

    reference: str
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Note:
    """One clinical document as canonical text. ``version`` is the resource's versionId at the EHR, ``author`` the reference of who wrote it,
    ``labels`` the security labels of its document.

    A note that came as bare text is what its sender says it is: a provider's, signed.
    """

    id: str
    text: str
    reference: str = ""
    content_type: str = "text/plain"
    type_code: str = ""
    title: str = ""
    date: str = ""
    doc_status: str = ""
    hints: tuple[SectionHint, ...] = ()
    version: str = ""
    author: str = ""
    authority: Authority = Authority.PROVIDER
    is_signed: bool = True
    labels: tuple[SecurityLabel, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of the canonical text."""
        return text_hash(self.text)

    @property
    def supplies_diagnoses(self) -> bool:
        """Whether diagnoses may be coded from it: a provider's words, a report that a physician interpreted and signed, and where the EHR
        does not say whose it is, what a person must then look at."""
        if self.authority is Authority.REPORT:
            return self.is_signed
        return self.authority in {Authority.PROVIDER, Authority.UNKNOWN}


@dataclass(frozen=True, slots=True)
class UnreadableNote:
    """A note that yielded no text, and why; it is reported and prevents a pass, never coded as empty.

    ``reason`` is one of ``no-content``, ``unsupported-type``, ``not-text``, ``no-text-layer``, ``encrypted``, ``undecodable``, ``malformed``, ``too-long``,
    ``empty``, ``unavailable``, ``integrity``, ``not-understood`` (a modifier extension), ``preliminary`` (not read because nobody has signed it yet), ``sensitive``
    (not read because its marks exclude it, which the detail names in our words); docs/notes.md says what each means.
    """

    id: str
    reason: str
    detail: str = ""
    reference: str = ""
