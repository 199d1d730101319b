"""Whether the code that a decision brings can be billed by the release of its coding."""

from __future__ import annotations

from fhir_coder.code_search.prompts import prompts
from fhir_coder.errors import Uncodable
from fhir_coder.worklist.decision import Act, Decision
from terminology.release import Release


def require_billable(decision: Decision, release: Release) -> None:
    """Raises Uncodable for a code that comes and is none, or leaves something open; the message says what."""
    comes = {Act.ADD: decision.code, Act.REPLACE: decision.instead, Act.RESTORE: decision.code}.get(decision.act, "")
    if not comes:
        return
    codebook = release.codebook
    known = codebook.normalize(comes)
    if known is None:
        raise Uncodable(f"ICD-10-CM of {release.id} has no such code")
    if not codebook.is_billable(known):
        open_ones = ", ".join(one.what for one in prompts(codebook, known)) or "what stands below it"
        raise Uncodable(f"{known} cannot be billed: choose {open_ones}")
    if known != comes:
        raise Uncodable(f"write the code as {known}")
