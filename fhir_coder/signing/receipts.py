"""What the receipt of a delivery comes to, in a sentence for people and in what is to be done next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fhir_coder.arrival import NOT_SENT_AGAIN
from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.store.follow_ups import Outcome
from fhir_coder.worklist.following import Progress
from fhir_coder.writeback.ehr_writer import EhrWriter
from fhir_coder.writeback.receipt_line import number_of, passes

_PASSED_OVER = frozenset({501, 424})
"""What the EHR does not take, and what hangs on it: no failure, and no use in trying again."""


def forbidden_types(client: EhrWriter, withheld: frozenset[tuple[str, str]]) -> frozenset[str]:
    """Resource types of which the EHR offers an interaction that the scopes of the token do not allow."""
    try:
        offer = client.capabilities() if withheld else None
    except FhirCoderError:  # nothing was written either, and the receipt says why
        return frozenset()
    return frozenset(kind for kind, interaction in withheld if offer and offer.can(kind, interaction))


def outcome_of(bundle: Resource, receipt: Resource, forbidden: frozenset[str] = frozenset()) -> Outcome:
    """What a receipt comes to, in a sentence. Some kinds of failure are tried again; a refusal is not. What was not done of a ``forbidden`` type may be
    by somebody else, or by the server's own access: it is due again. What may have arrived already is for a person to look at."""
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    responses = [entry["response"] for entry in receipt["entry"]]
    named = list(zip([*kinds, *map(_kind, responses[len(kinds) :])], responses, strict=True))
    doubtful = [kind for kind, one in named if one["status"] == NOT_SENT_AGAIN]
    failed = [(kind, number_of(one)) for kind, one in named if is_failure(one)]
    undone = [kind for kind, one in named if number_of(one) == 501]
    untaken = [kind for kind in undone if kind not in forbidden]
    unallowed = [kind for kind in undone if kind in forbidden]
    altered = [kind for kind, one in named if _is_altered(one)]
    standing = [kind for kind, one in named if one["status"] == "200 OK" and has_warning(one, "not-supported")]
    left = sum(_is_left(one) for _, one in named)
    parts = [
        f"not written: {_counted(kind for kind, _ in failed)} (HTTP {', '.join(map(str, sorted({code for _, code in failed})))})"
        if failed
        else "",
        f"may have arrived, and the EHR cannot be searched: {_counted(doubtful)}; look there before it is sent again" if doubtful else "",
        f"not allowed by the scopes of your sign-in: {_counted(unallowed)}" if unallowed else "",
        f"the EHR does not take: {_counted(untaken)}" if untaken else "",
        f"still there, for the EHR takes no update of it: {_counted(standing)}" if standing else "",
        f"stored by the EHR otherwise than sent: {_counted(altered)}" if altered else "",
        f"{left} left as somebody there has them" if left else "",
    ]
    detail = "; ".join(filter(None, parts))
    if unallowed or any(passes(code) for _, code in failed):
        return Outcome(Progress.FAILED, detail)
    if doubtful:
        return Outcome(Progress.UNSURE, detail)
    return Outcome(Progress.UNDELIVERED if failed else Progress.DONE, detail)


def is_failure(response: Resource) -> bool:
    """Whether a resource was not written that the EHR takes."""
    return number_of(response) >= 400 and number_of(response) not in _PASSED_OVER and response["status"] != NOT_SENT_AGAIN


def has_warning(response: Resource, code: str) -> bool:
    """Whether a line warns of something of that kind."""
    issues = response.get("outcome", {}).get("issue", ())
    return any(one.get("severity") == "warning" and one.get("code") == code for one in issues)


def _kind(response: Resource) -> str:
    """Of a line about a resource that was not proposed."""
    return str(response.get("location", "")).partition("/")[0] or "earlier resource"


def _is_left(response: Resource) -> bool:
    """``200 OK``: nothing was written, for it stands otherwise than it would have been."""
    return response["status"] == "200 OK" and has_warning(response, "conflict")


def _is_altered(response: Resource) -> bool:
    """Written (``201 Created``, ``200 Updated``, ``200 Retired``), and read back it is not what was sent."""
    return number_of(response) in {200, 201} and response["status"] != "200 OK" and has_warning(response, "conflict")


def _counted(kinds: Iterable[str]) -> str:
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in Counter(kinds).items())
