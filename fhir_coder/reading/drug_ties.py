"""What ties a condition to a medicine in a sentence: a link between them ("hypokalemia from chlorthalidone"), a compound ("statin myalgia"), blame
laid on the medicine ("I attribute this to lisinopril"), or, for effects that its class is known for, looser words ("cough on lisinopril",
"lisinopril stopped for cough")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fhir_coder.reading.drug_words import effect_words, known_effects
from fhir_coder.reading.medicines import NamedMedicine, find_medicines
from fhir_coder.reading.sentences import Sentence

Span = tuple[int, int]

#: A condition ends, or begins, at most so many characters from the words that tie it to a medicine.
NEAR = 30

#: What "this" may stand for is told at most so many characters before.
_EARLIER = 600

_JOINT = re.compile(r"[\s,:;(–-]*")
_CHRONIC = re.compile(
    r"(?:hypertension|diabetes|type 1 diabetes|obesity|osteoporosis|osteopenia|depress\w+|depression|CKD|psoriasi\w+|ED|heart failure|"
    r"arthritis|glaucoma|cataracts?|gout|lupus|headaches?|migraines?|insomnia|anxiety|mania|hypomania|psychosis|tics?|sleep apnea|seizures?|"
    r"dyspnea|hyperlipidemia|dyslipidemia|infertility|hypogonadism|low testosterone|hot flash\w*|vasomotor symptoms|reflux|acne|wheez\w+)",
    re.IGNORECASE,
)
"""Known effects that are common conditions of their own: "hypertension on prednisone" ties nothing."""


_BLEEDING = frozenset({"anticoagulant", "antiplatelet"})
"""Classes under which a bleeding happens for other causes too: "menorrhagia on apixaban" ties nothing, "from apixaban" does."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A medicine in its sentence, with the spans of the conditions that the note names and where its section begins."""

    text: str
    sentence: Sentence
    one: NamedMedicine
    conditions: Sequence[Span]
    section_start: int

    def effects(self, start: int, end: int) -> Iterator[Span]:
        """The known effects of the medicine's class between two offsets."""
        pattern = known_effects(self.one.medicine.kind)
        return (match.span() for match in pattern.finditer(self.text, start, end)) if pattern else iter(())

    def harms(self, start: int, end: int) -> list[Span]:
        """Conditions and known effects between two offsets."""
        return [*((a, b) for a, b in self.conditions if start <= a and b <= end), *self.effects(start, end)]

    def is_near_before(self, position: int) -> bool:
        """Whether a condition ends near before the position, or holds it ("anemia due to chemotherapy" as one term)."""
        first = self.sentence.start
        held = any(first <= start < position and position - end <= NEAR for start, end in self.conditions)
        return held or any(position - end <= NEAR for _, end in self.effects(first, position))


def tie(told: Telling) -> Span | None:
    """The words that tie a condition to the medicine; None without any."""
    for find in (_by_link, _by_compound, _by_blame, _by_known_effect):
        span = find(told)
        if span is not None:
            return span
    return None


def _by_link(told: Telling) -> Span | None:
    words, text, one = effect_words(), told.text, told.one
    link = words["because"].search(text, told.sentence.start, one.start)
    while link is not None:
        if _reaches(told, link.end()) and (told.is_near_before(link.start()) or _means_earlier(told, link.start())):
            said = text[max(told.sentence.start, link.start() - 2 * NEAR) : link.start()]
            return None if words["unless"].search(said) else (link.start(), one.end)
        link = words["because"].search(text, link.start() + 1, one.start)
    return None


def _reaches(told: Telling, position: int) -> bool:
    """Whether nothing but small words, or another medicine joined by "and", stands between the position and the medicine."""
    gap = told.text[position : told.one.start]
    if effect_words()["between"].fullmatch(gap):
        return True
    others = list(find_medicines(gap))
    if len(others) != 1:
        return False
    words = effect_words()
    return bool(words["between"].fullmatch(gap[: others[0].start]) and words["also"].fullmatch(gap[others[0].end :]))


def _means_earlier(told: Telling, position: int) -> bool:
    """Whether "this" right before the position stands for a known effect that the section tells earlier."""
    said = told.text[max(told.sentence.start, position - NEAR) : position]
    match = next((one for one in effect_words()["pronoun"].finditer(said) if not said[one.end() :].strip()), None)
    return match is not None and bool(list(told.effects(max(told.section_start, position - _EARLIER), position)))


def _by_compound(told: Telling) -> Span | None:
    words, text, one, end = effect_words(), told.text, told.one, told.sentence.end
    induced = words["induced"].match(text, one.end, end)
    if induced:
        if any(start <= induced.end() + NEAR // 2 and start >= one.end for start, _ in told.harms(one.end, end)):
            return one.start, induced.end()
        if any(_JOINT.fullmatch(text, last, one.start) for _, last in told.harms(told.sentence.start, one.start)):
            return one.start, induced.end()
    if text[one.end : one.end + 1] not in {" ", "-"} or one.end + 1 >= end:
        return None
    effect = known_effects(one.medicine.kind)
    for pattern in (words["adjoining"], effect):
        found = pattern.match(text, one.end + 1, end) if pattern else None
        if found and not words["not_yet"].match(text[found.end() : end].lstrip()):
            return (one.start, found.end()) if not _is_doubted(told, (one.start, found.end())) else None
    named = words["as_effect"].match(text, one.end + 1, end)
    is_told = named is not None and bool(told.harms(told.sentence.start, told.sentence.end))
    return (one.start, named.end()) if named and is_told and not _is_doubted(told, (one.start, named.end())) else None


def _by_blame(told: Telling) -> Span | None:
    words, text, one = effect_words(), told.text, told.one
    span: Span | None = None
    for found in words["blames"].finditer(text, told.sentence.start, one.start):
        if _reaches(told, found.end()):
            span = found.start(), one.end
            break
    after = words["blamed"].match(text[one.end : told.sentence.end].lstrip(" ,;("))
    if span is None and after:
        span = one.start, min(told.sentence.end, one.end + 1 + after.end())
    if span is None or _is_doubted(told, span):
        return None
    first = max(told.section_start, told.sentence.start - _EARLIER)
    has_harm = bool(told.harms(told.sentence.start, told.sentence.end)) or bool(list(told.effects(first, told.sentence.start)))
    return span if has_harm else None


def _by_known_effect(told: Telling) -> Span | None:
    """Loose joints, either way round, for what the class is known to bring on."""
    words, text, one, sentence = effect_words(), told.text, told.one, told.sentence
    for start, end in told.effects(sentence.start, one.start):
        is_plain = one.medicine.kind in _BLEEDING or _CHRONIC.fullmatch(text, start, end)
        is_joined = not is_plain and words["loose"].fullmatch(text, end, one.start) is not None
        if is_joined and not _is_doubted(told, (start, one.end)):
            return start, one.end
    before = text[max(sentence.start, one.start - NEAR) : one.start].rstrip()
    is_ended = any(found.end() == len(before) for found in words["ends"].finditer(before))
    joints = ("brings", "ended_for", "for") if is_ended else ("brings", "ended_for")
    for start, end in told.effects(one.end, min(sentence.end, one.end + 3 * NEAR)):
        is_joined = any(words[joint].fullmatch(text, one.end, start) for joint in joints)
        if is_joined and not words["not_yet"].match(text[end : sentence.end].lstrip()) and not _is_doubted(told, (one.start, end)):
            return one.start, end
    return None


def _is_doubted(told: Telling, span: Span) -> bool:
    """Whether words before the tie, or in it, speak of a guess, of the past or of what might come."""
    return effect_words()["doubt"].search(told.text, max(told.sentence.start, span[0] - 2 * NEAR), span[1]) is not None
