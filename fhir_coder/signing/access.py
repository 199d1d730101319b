"""With whose access something is done outside: a person's, in their session, or the server's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fhir_coder.audit.entry import Agent
from fhir_coder.model import Assertions
from fhir_coder.rechecking import HasEncounter
from fhir_coder.store.records import StoredEncounter
from fhir_coder.writeback.ehr_writer import EhrWriter


class Reads(Protocol):
    """What the notes of a coding say (:class:`fhir_coder.rechecking.Rechecker`, which remembers it)."""

    def __call__(self, coding: StoredEncounter, access: Access) -> Assertions | None:
        """None where some of their words cannot be had."""


@dataclass(frozen=True, slots=True)
class Access:
    """``client`` is None where there is no access to the EHR of the coding; ``withheld`` are pairs of resource type and interaction that the token
    does not allow; the rest is for the audit."""

    client: EhrWriter | None
    source: HasEncounter
    agent: Agent
    withheld: frozenset[tuple[str, str]] = frozenset()
    request_id: str = ""
    address: str = ""
