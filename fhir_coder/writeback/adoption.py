"""What an attempt that was cut short did write: seen at the EHR by its content, because no receipt tells it.

Only what was to be written and stands there so, in a newer version than the one that was looked at then, is taken for ours: with anything beside it, somebody
else may have had a hand in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fhir_coder.exchange import Resource
from fhir_coder.writeback.fidelity import alterations
from fhir_coder.writeback.names import address_of, token_in, version_of
from fhir_coder.writeback.terms import Earlier, EarlierWrite
from fhir_coder.writeback.touched import WRITTEN_CLAIM, WRITTEN_CONDITION

_WRITTEN = {"Condition": WRITTEN_CONDITION, "Claim": WRITTEN_CLAIM}


def adopted(earlier: Earlier, existing: Mapping[str, Resource]) -> Earlier:
    """What is known, and beside it what stands at the EHR (``existing``, by name) as it was to be written."""
    seen = {
        name: EarlierWrite(address_of(existing[name]), version_of(existing[name]), begun.resource)
        for name, begun in earlier.begun.items()
        if name in existing and is_as_begun(existing[name], begun)
    }
    gone = [one for one in existing.values() if _has_left(one, earlier.leaving)]
    voided = frozenset(versioned(one) for one in gone if earlier.leaving[address_of(one)][1])
    return replace(
        earlier,
        writes={**earlier.writes, **seen},
        retired=earlier.retired | {versioned(one) for one in gone} - voided,
        voided=earlier.voided | voided,
        adopted=frozenset((*seen, *map(address_of, gone))),
    )


def is_as_begun(current: Resource, begun: EarlierWrite) -> bool:
    """Whether a resource stands as it was to be written, and nothing that this software does not write stands in it."""
    written, wanted, version = _WRITTEN.get(current["resourceType"]), begun.resource, version_of(current)
    if written is None or wanted is None or not version or version == begun.version:
        return False
    pointers = [one.get("diagnosisSequence") for one in current.get("item", ())]
    is_same = pointers == [one.get("diagnosisSequence") for one in wanted.get("item", ())] and not alterations(wanted, current)
    return is_same and not [one for one in current if one not in written and not one.startswith("_")]


def versioned(resource: Resource) -> str:
    """``Type/id/_history/version``."""
    return f"{address_of(resource)}/_history/{version_of(resource)}"


def _has_left(current: Resource, leaving: Mapping[str, tuple[str, bool]]) -> bool:
    """Whether a resource that was to be retired is, in a newer version."""
    before, version = leaving.get(address_of(current), ("", False))[0], version_of(current)
    status = token_in(current.get("verificationStatus")) or current.get("status")
    return bool(before and version) and before != versioned(current) and status in {"entered-in-error", "cancelled"}
