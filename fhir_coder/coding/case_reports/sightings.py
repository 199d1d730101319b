"""Where each code of a case report is seen: every candidate of every mention, completed, denied and past ones included.

Case reports were coded by what they name: "without edema" has the code of edema. So nothing is turned away; what the note asserts becomes a
feature. A header of the classification stays what it is beside its completed code: the corpus has codes that were billable in its own year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fhir_coder.coding.case_reports.offers import Means, means_of
from fhir_coder.coding.history import history_code
from fhir_coder.coding.specificity import complete
from fhir_coder.coding.support import Offers, Pillar
from fhir_coder.model import PHRASE_KNOWN, Assertion, Candidate, Candidates, Experiencer, RejectionReason, Temporality
from terminology.codebook import Codebook

_BEFORE = 40
_WORDS_BEFORE = 3


@dataclass(frozen=True, slots=True)
class Sighting:
    """One candidate under the code it comes to. ``rank`` counts the retrieved candidates of its mention from 0, and ``lead`` is how far its score
    is before the next one (behind the first one: negative); ``is_inner``: its learned phrase lies within a longer one; ``is_header``: the
    dictionary's own code, not completed; ``is_history``: the Z code for what is past or a relative's."""

    assertion: Assertion
    candidate: Candidate
    means: Means
    rank: int = 0
    lead: float = 0.0
    is_inner: bool = False
    is_header: bool = False
    is_history: bool = False


Sightings = Mapping[str, tuple[Sighting, ...]]


def find_sightings(candidates: Candidates, codebook: Codebook) -> Sightings:
    """Every sighting by code, in reading order."""
    texts = {note.id: note.text for note in candidates.assertions.encounter.notes}
    inner = _inner_positions(candidates)
    by_position: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates.candidates:
        by_position[candidate.position].append(candidate)
    found: dict[str, list[Sighting]] = defaultdict(list)
    for position, offered in sorted(by_position.items()):
        assertion = candidates.assertions.assertions[position]
        for code, sighting in _sightings_at(assertion, offered, texts[assertion.mention.note_id], position in inner, codebook):
            found[code].append(sighting)
    return {code: tuple(sightings) for code, sightings in found.items()}


def as_offers(sightings: Sightings) -> Offers:
    """The same for the decision: each sighting is a pillar."""
    pillars = {
        code: tuple(Pillar(one.assertion, one.candidate, None, is_history=one.is_history) for one in _asserted_first(seen))
        for code, seen in sightings.items()
    }
    return Offers(pillars, ())


def _asserted_first(sightings: tuple[Sighting, ...]) -> list[Sighting]:
    return sorted(sightings, key=lambda one: (not one.assertion.is_codable, one.means is Means.RETRIEVAL or one.means is Means.ALIKE))


def _sightings_at(
    assertion: Assertion, offered: list[Candidate], text: str, is_inner: bool, codebook: Codebook
) -> Iterator[tuple[str, Sighting]]:
    retrieved = [candidate for candidate in offered if means_of(candidate) is Means.RETRIEVAL]
    for candidate in offered:
        known = codebook.normalize(candidate.code)
        if known is None:
            continue
        means = means_of(candidate)
        if means is Means.DICTIONARY:
            yield from _named(assertion, candidate, known, text, codebook)
        elif means is Means.RETRIEVAL:
            rank = retrieved.index(candidate)
            following = retrieved[1].score if rank == 0 and len(retrieved) > 1 else 0.0
            lead = candidate.score - (retrieved[0].score if rank else following)
            code = complete(codebook, known, _contexts(assertion, text)[:2]) or known
            yield code, Sighting(assertion, candidate, means, rank=rank, lead=lead)
        else:
            yield known, Sighting(assertion, candidate, means, is_inner=is_inner)


def _named(assertion: Assertion, candidate: Candidate, known: str, text: str, codebook: Codebook) -> Iterator[tuple[str, Sighting]]:
    """What the dictionary says: completed, as it stands, and as history."""
    code = complete(codebook, known, _contexts(assertion, text))
    yield code or known, Sighting(assertion, candidate, Means.DICTIONARY)
    if code not in (None, known):
        yield known, Sighting(assertion, candidate, Means.DICTIONARY, is_header=True)
    if history := history_code(codebook, code or known, _why_history(assertion)):
        yield history, Sighting(assertion, candidate, Means.DICTIONARY, is_history=True)


def _why_history(assertion: Assertion) -> RejectionReason | None:
    if assertion.experiencer is Experiencer.FAMILY:
        return RejectionReason.FAMILY_HISTORY
    return RejectionReason.HISTORICAL if assertion.temporality is Temporality.HISTORICAL else None


def _contexts(assertion: Assertion, text: str) -> tuple[str, str, str]:
    """The mention with the words before it, no statement, and its sentence."""
    mention = assertion.mention
    before = " ".join(text[max(mention.sentence_start, mention.start - _BEFORE) : mention.start].split()[-_WORDS_BEFORE:])
    return f"{before} {mention.text}", "", text[mention.sentence_start : mention.sentence_end]


def _inner_positions(candidates: Candidates) -> set[int]:
    """Positions of learned phrases that lie within longer ones."""
    inner: set[int] = set()
    reach: dict[str, tuple[int, int]] = {}
    known = [(p, a.mention) for p, a in enumerate(candidates.assertions.assertions) if a.mention.sources == (PHRASE_KNOWN,)]
    for position, mention in sorted(known, key=lambda one: (one[1].note_id, one[1].start, -one[1].end)):
        start, end = reach.get(mention.note_id, (0, 0))
        if mention.end <= end and (mention.end - mention.start) < (end - start):
            inner.add(position)
        if mention.end > end:
            reach[mention.note_id] = (mention.start, mention.end)
    return inner
