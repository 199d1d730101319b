"""The attachments of a document and which of them is read: one document in several formats, the best readable first.

Several ``DocumentReference.content`` are one document in several formats, and so are several ``DiagnosticReport.presentedForm``
(http://hl7.org/fhir/R4/documentreference.html, http://hl7.org/fhir/R4/diagnosticreport.html).
"""

from __future__ import annotations

from fhir_coder.exchange import Resource

_PREFERENCE = (
    {"text/plain"},
    {"text/html", "application/xhtml+xml", "application/xhtml"},
    {"application/xml", "text/xml", "application/cda+xml", "application/hl7-v3+xml", "application/hl7-cda+xml"},
    {"application/rtf", "text/rtf", "application/x-rtf", "text/richtext", "application/msword-rtf"},
    {"application/pdf", "application/x-pdf", "text/pdf"},
)


def attachments_of(document: Resource) -> list[Resource]:
    """The attachments of a DocumentReference or DiagnosticReport, the best readable first."""
    contents = (one["attachment"] for one in document.get("content", ()))
    return sorted([*contents, *document.get("presentedForm", ())], key=_rank)


def best_rank(document: Resource) -> int:
    """How well the best attachment can be read; 0 is best."""
    return min(map(_rank, attachments_of(document)), default=len(_PREFERENCE) + 1)


def _rank(attachment: Resource) -> int:
    """An attachment without content comes last whatever its type."""
    media_type = attachment.get("contentType", "").partition(";")[0].strip().lower()
    place = next((rank for rank, types in enumerate(_PREFERENCE) if media_type in types), len(_PREFERENCE))
    return place if "data" in attachment or "url" in attachment else len(_PREFERENCE) + 1
