"""What is done about each resource of a proposal, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback.revision import Revise


class Action(StrEnum):
    """What is done about one resource. ``ADOPT``: it stands as an attempt that was cut short wrote it; ``DOUBT``: such an attempt may have created it, and the
    EHR cannot be asked."""

    CREATE = "create"
    REVISE = "revise"
    KEEP = "keep"
    LEAVE = "leave"
    HOLD = "hold"
    OMIT = "omit"
    ADOPT = "adopt"
    DOUBT = "doubt"
    FAIL = "fail"
    SPARE = "spare"


@dataclass(frozen=True, slots=True)
class Step:
    """One resource and what is done about it.

    ``resource`` is as proposed, its references as ``urn:uuid``; ``current`` as it stands at the EHR. ``revise`` makes the one of the other;
    ``word`` names in the receipt what a revision did. ``sentence`` says why something is left, held or omitted, ``error`` why nothing is known. ``follows`` is the ``full_url`` of the
    step without whose success a Provenance is not written. ``is_alone``: it may be there already, so that it is created under a condition and in no transaction.
    ``issue`` is the kind of reason for which it is left.
    """

    action: Action
    full_url: str
    resource: Resource
    current: Resource | None = None
    revise: Revise | None = None
    word: str = "Updated"
    sentence: str = ""
    error: FhirCoderError | None = None
    follows: str = ""
    is_alone: bool = False
    issue: str = "conflict"

    @property
    def kind(self) -> str:
        """The resource type."""
        return str(self.resource["resourceType"])

    @property
    def writes(self) -> bool:
        """Whether something is sent to the EHR."""
        return self.action in {Action.CREATE, Action.REVISE}
