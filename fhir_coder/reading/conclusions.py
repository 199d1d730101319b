"""What a clinician concludes in prose: the sentences of a letter, a dictation or a hurried note that say what the patient has.

"This is lymphedema from her surgery", "Regarding her diabetes, ...", "His hypertension is well controlled", "We continue aspirin for the coronary
disease", a sentence without verb that names a disorder ("Overactive bladder with urge incontinence."). The words are data
(``conclusions.toml``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.reading.problem_words import load_words, names_disorder
from fhir_coder.reading.sentences import MARKER, Sentence, find_sentences
from terminology.knowledge import knowledge_of

Span = tuple[int, int]

_MOST_WORDS = 14
_OWN = r"(?:(?:an?|the|his|her|their|your|my|our|this|these|both|some|that|of|simply|still|just|now|clearly|plainly|also|really|certainly|most|he|she|has|had|as|case of|form of|[Mm]rs?\.? [\w'-]+?'s|patient's)\b\s*)*"
_PATIENT = r"in an?\s+(?:[\w-]+\s+){0,4}?(?:man|woman|lady|gentleman|patient|person|boy|girl|child|smoker|teacher|worker)\b"
_CLAUSE_END = re.compile(
    rf"[.;:()]|,?\s+(?:{_PATIENT}|as\s+controlled|who|which|that|since|status post|and (?:he|she|we|i|will|is|has)|but|although|for which|at this time|so|because)\b",
    re.IGNORECASE,
)
_WITH = re.compile(rf"\b{_PATIENT}\s+with\s+", re.IGNORECASE)
_CLAUSE_BREAK = re.compile(r"[;:()]|,\s+(?:and|but|so|which|that)\b|\b(?:but|although|while|whereas)\b", re.IGNORECASE)
_HEAD_END = re.compile(r"[,;:(.]|\s[-–—]+\s")
_TOPIC_END = re.compile(rf"{_HEAD_END.pattern}|\s(?:i|we|he|she|they)\s", re.IGNORECASE)
_NAME_END = re.compile(rf"{_HEAD_END.pattern}|\b(?:because|since|which|who|when|while|despite|although|until)\b", re.IGNORECASE)
_TREATED = re.compile(
    rf"\bha(?:s|ve)\s+{_OWN}(?P<problem>[^.;:()]{{3,90}}?),?\s+(?:(?:and|so)\s+(?:i|we)|for\s+which|which\s+(?:i|we))\b", re.IGNORECASE
)
_SUBJECT = re.compile(r"[,;:()]|\b(?:and|but|while|his|her|the|their|your)\b", re.IGNORECASE)
_LEFT_OUT = re.compile(r"\bnot (?:discussed|addressed|due|today|gone into|reviewed|touched)\b|\?", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9'/-]*")
_EDGE = " \t\n,;:.-–—\"“”'"
_ITEM = re.compile(
    r"^[ \t]*(?:#[ \t]*(?P<hash>\d{1,2})[.):]?|(?P<number>\d{1,2})(?:[.)]|[ \t]+[-–](?=[ \t])))[ \t]*(?=[A-Za-z])", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Cues:
    """The patterns made of the words of ``conclusions.toml``."""

    concluding: re.Pattern[str]
    topic: re.Pattern[str]
    state: re.Pattern[str]
    care: re.Pattern[str]
    elsewhere: re.Pattern[str]
    complaints: frozenset[str]
    told_otherwise: frozenset[str]


def find_conclusions(text: str, start: int, end: int) -> tuple[Span, ...]:
    """The parts of ``text[start:end]``, a note without an assessment, in which the clinician says what the patient has: each from the sentence that
    says so to the end of its paragraph, or the sentence alone where only its care is told. In order, without overlap."""
    sentences = find_sentences(text, start, end)
    numbered = _numbered(text, start, end)
    found: list[Span] = []
    for position, sentence in enumerate(sentences):
        if found and sentence.start < found[-1][1]:
            continue
        if numbered and numbered[0] <= sentence.start < numbered[1]:
            found.append((sentence.start, numbered[1]))
        elif _opens_paragraph(text, sentence, is_first=position == 0):
            found.append((sentence.start, _paragraph_end(text, sentences[position:])))
        elif position and any(_told(text, sentence.start, sentence.end, (_stated, _cared_for))):
            found.append((sentence.start, sentence.end))
    return tuple(_joined(text, found))


def concluded(text: str, start: int, end: int) -> list[Span]:
    """What the sentence says the patient has, in order and without overlap."""
    spans: list[Span] = []
    for span in sorted(_told(text, start, end, (_named_after, _turned_to, _stated, _cared_for))):
        if not spans or span[0] >= spans[-1][1]:
            spans.append(span)
    return spans


def _opens_paragraph(text: str, sentence: Sentence, *, is_first: bool) -> bool:
    """The first words of a note name its occasion, whatever they look like."""
    return any(_told(text, sentence.start, sentence.end, (_named_after, _turned_to))) or (not is_first and _is_name_alone(text, sentence))


def _told(text: str, start: int, end: int, ways: Iterable) -> Iterator[Span]:
    if not names_disorder(text, start, end) or _LEFT_OUT.search(text, start, end):
        return
    for way in ways:
        for begin, stop in way(text, start, end):
            span = _trimmed(text, begin, stop)
            if span[0] < span[1] and names_disorder(text, *span) and not _is_of_others(text, start, span):
                yield span


def _is_of_others(text: str, start: int, span: Span) -> bool:
    """Whether the clause of the span speaks, up to the name of the disorder, of another person, of the past, of what is absent or only thought of."""
    breaks = [found.end() for found in _CLAUSE_BREAK.finditer(text, start, span[0])]
    naming = next((word.end() for word in _WORD.finditer(text, *span) if names_disorder(text, word.start(), word.end())), span[1])
    return _cues().elsewhere.search(text, max(breaks, default=start), naming) is not None


def _named_after(text: str, start: int, end: int) -> Iterator[Span]:
    """ "I am sure that this is medication-overuse headache"; what the sentence says of the patient on top ("in a man with hypertension")."""
    for found in _cues().concluding.finditer(text, start, end):
        yield found.end(), _clause_end(text, found.end(), end)
        for patient in _WITH.finditer(text, found.end(), end):
            yield patient.end(), _clause_end(text, patient.end(), end)


def _turned_to(text: str, start: int, end: int) -> Iterator[Span]:
    """ "Regarding her diabetes, ..."; "Second, moderate mitral regurgitation"."""
    found = _cues().topic.match(text, start, end)
    if found:
        stop = _TOPIC_END.search(text, found.end(), end)
        yield found.end(), min(stop.start() if stop else end, _clause_end(text, found.end(), end))


def _stated(text: str, start: int, end: int) -> Iterator[Span]:
    """ "Her hypertension is well controlled"; "the cirrhosis, alcohol related, is still decompensated"."""
    for found in _cues().state.finditer(text, start, end):
        begins = [start, *(one.end() for one in _SUBJECT.finditer(text, start, found.start()))]
        named = [begin for begin in begins if names_disorder(text, begin, found.start())]
        if named:
            yield named[-1], found.start()


def _cared_for(text: str, start: int, end: int) -> Iterator[Span]:
    """ "He stays on aspirin for the coronary disease"; "she has a vitamin B12 deficiency and I began injections"."""
    yield from (found.span("problem") for found in _TREATED.finditer(text, start, end))
    for found in _cues().care.finditer(text, start, end):
        stop = _HEAD_END.search(text, found.end(), end)
        yield found.end(), min(stop.start() if stop else end, _clause_end(text, found.end(), end))


def _clause_end(text: str, start: int, end: int) -> int:
    found = _CLAUSE_END.search(text, start, end)
    return found.start() if found else end


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _is_name_alone(text: str, sentence: Sentence) -> bool:
    """A sentence without verb whose head names a disorder: "Primary OA of the left knee." What only a complaint or an operation is named by, or a
    year dates, tells no conclusion."""
    marker = MARKER.match(text, sentence.start, sentence.end)
    start = marker.end() if marker else sentence.start
    if _LEFT_OUT.search(text, start, sentence.end) or load_words().opening.match(text, start, sentence.end):
        return False
    stop = _NAME_END.search(text, start, sentence.end)
    head_end = stop.start() if stop else sentence.end
    return not (_YEAR.search(text, start, head_end) or _cues().elsewhere.search(text, start, head_end)) and _names_only(
        text[start:head_end]
    )


def _names_only(head: str) -> bool:
    """Whether the words have no verb and name a disorder that is more than a complaint."""
    words = [word.lower() for word in _WORD.findall(head)]
    lists, cues = load_words(), _cues()
    if len(words) > _MOST_WORDS or any(word in lists.verbs or word in cues.told_otherwise for word in words):
        return False
    return any(word not in cues.complaints for word in words if word in lists.disorders or word.endswith(lists.endings))


def _numbered(text: str, start: int, end: int) -> Span | None:
    """The numbered list of lines whose first item names a disorder: from its first item to the end of the paragraph of the last."""
    items = list(_ITEM.finditer(text, start, end))
    numbers = [int(item.group("hash") or item.group("number")) for item in items]
    if numbers[:2] != [1, 2] or numbers != list(range(1, len(numbers) + 1)):
        return None
    line_end = text.find("\n", items[0].end(), end)
    if not names_disorder(text, items[0].end(), end if line_end < 0 else line_end):
        return None
    last = text.find("\n", items[-1].end(), end)
    return items[0].start(), end if last < 0 else last


def _paragraph_end(text: str, sentences: Sequence[Sentence]) -> int:
    last = sentences[0]
    for sentence in sentences[1:]:
        if "\n" in text[last.end : sentence.start]:
            break
        last = sentence
    return last.end


def _joined(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that nothing but a line break parts are one."""
    whole: Span | None = None
    for span in spans:
        if whole and not text[whole[1] : span[0]].strip():
            whole = (whole[0], span[1])
            continue
        if whole:
            yield whole
        whole = span
    if whole:
        yield whole


@cache
def _cues() -> _Cues:
    lists = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("conclusions.toml").read_text(encoding="utf-8"))
    state = rf"\s+(?:(?:{_any(lists['state_verbs'])})\s+(?:\w+ly\s+|quite\s+|still\s+|now\s+|very\s+|fairly\s+)?(?:{_any(lists['states'])})|(?:{_any(lists['state_ends'])}))\b"
    return _Cues(
        concluding=re.compile(rf"\b(?:{_any(lists['concluding'])})\b[\s:,–-]*{_OWN}", re.IGNORECASE),
        topic=re.compile(rf"(?:(?:and|now|so)\s+)?(?:{_any(lists['topics'])})\b[\s:,–-]+{_OWN}", re.IGNORECASE),
        state=re.compile(state, re.IGNORECASE),
        care=re.compile(rf"\b(?:{_any(lists['caring'])})\b[^.;]{{2,70}}?\bfor\s+{_OWN}", re.IGNORECASE),
        elsewhere=re.compile(rf"(?<![\w-])(?:{_any(lists['elsewhere'])})(?![\w-])", re.IGNORECASE),
        complaints=frozenset(lists["complaints"]),
        told_otherwise=frozenset(lists["told_otherwise"]),
    )


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))
