"""The codes that were left out as one part of the page: hundreds of lines that few decisions change, so that a page which shows them keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from fhir_coder.review.code_views import RejectionView, instead_of
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.review import RejectedCode, Review


@dataclass(frozen=True, slots=True)
class LeftOut:
    """``name`` is the same as long as the list looks the same. ``is_shown``: the page has the list of that name; ``views`` are empty then."""

    count: int
    name: str
    is_shown: bool
    views: tuple[RejectionView, ...]


def name_of_list(coding: StoredEncounter, review: Review, noted: Iterable[str], can_restore: bool) -> str:
    """``noted`` are the ids of the notes whose texts are here. What the engine says of a code stays as the coding has it, so that its code is enough;
    what a person took out is named with all there is."""
    said = [coding.id, str(can_restore), *sorted(noted), *(repr(one) if one.by else one.code for one in review.rejected)]
    return sha256("\n".join(said).encode()).hexdigest()[:32]


def outdone(coding: StoredEncounter, review: Review) -> Iterator[RejectedCode]:
    """Those that the page shows with a code that stands, as it took their place."""
    instead, standing = instead_of(coding), {one.code for one in review.codes}
    return (one for one in review.rejected if not one.by and instead.get(one.code) in standing)
