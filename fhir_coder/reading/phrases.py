"""Every phrase of a note as a mention of its own, for coding in which each may count: runs of words between punctuation and breaking words.

The mentions have no codes; ``sources`` says why they were cut: a run of words, or a phrase that the caller knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from fhir_coder.model import PHRASE_KNOWN, PHRASE_RUN, Mention, Mentions
from fhir_coder.reading.mentions import SectionSentences
from fhir_coder.reading.sentences import Sentence, find_sentences
from terminology.knowledge import knowledge_of

_SHORTEST = 4
"""Code points of the shortest run: less is an abbreviation or a unit."""
_TAIL = 3
"""Words at the end of a long run that are tried alone: English puts the noun last."""

_LINKS = frozenset({"the", "a", "an", "of", "in"})
_TOKEN = re.compile(r"[A-Za-z][A-Za-z'’-]*|[^\sA-Za-z]")

Span = tuple[int, int]
FindSpans = Callable[[str], Iterable[Span]]


@cache
def _breaks() -> frozenset[str]:
    lines = knowledge_of("fhir_coder.reading").joinpath("phrase_breaks.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def add_phrases(mentions: Mentions, find_known: FindSpans) -> Mentions:
    """The mentions with every phrase of the notes added, in order of note and offset. ``find_known`` gives spans of a text that the caller
    knows; those that cross the end of a sentence, or stand in a heading, are left out."""
    texts = {note.id: note.text for note in mentions.sections.encounter.notes}
    known = {note: sorted(find_known(text)) for note, text in texts.items()}
    found = list(mentions.mentions)
    for section in mentions.sections.sections:
        text = texts[section.note_id]
        whole = SectionSentences(section, find_sentences(text, section.body_start, section.end))
        spans = [(span, PHRASE_RUN) for sentence in whole.sentences for span in runs(text, sentence)]
        spans += [(span, PHRASE_KNOWN) for span in known[section.note_id] if section.body_start <= span[0] < section.end]
        for (start, end), why in dict.fromkeys(spans):
            if sentence := whole.sentence_around(start, end):
                found.append(
                    Mention(section.note_id, start, end, text[start:end], section.kind, sentence.start, sentence.end, sources=(why,))
                )
    order = {note: place for place, note in enumerate(texts)}
    return Mentions(
        mentions.sections, tuple(sorted(found, key=lambda one: (order[one.note_id], one.start, one.end, one.sources, one.codes)))
    )


def runs(text: str, sentence: Sentence) -> Iterator[Span]:
    """The runs of a sentence; a run that links parts ("tumor of the left kidney") also gives each part, and a long part its last words."""
    for run in _whole_runs(text, sentence):
        parts = _split(run)
        spans = [(run[0].start(), run[-1].end())]
        if len(parts) > 1:
            spans += [(part[0].start(), part[-1].end()) for part in parts]
        spans += [(part[-_TAIL].start(), part[-1].end()) for part in parts if len(part) > _TAIL + 1]
        yield from ((start, end) for start, end in spans if end - start >= _SHORTEST)


def _whole_runs(text: str, sentence: Sentence) -> Iterator[list[re.Match[str]]]:
    """Words up to the next punctuation or breaking word, without linking words at the edges."""
    run: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text, sentence.start, sentence.end):
        word = token.group().lower()
        if word[0].isalpha() and word not in _breaks():
            run.append(token)
            continue
        if trimmed := _trimmed(run):
            yield trimmed
        run = []
    if trimmed := _trimmed(run):
        yield trimmed


def _trimmed(run: list[re.Match[str]]) -> list[re.Match[str]]:
    first, last = 0, len(run)
    while first < last and _is_link(run[first]):
        first += 1
    while first < last and _is_link(run[last - 1]):
        last -= 1
    return run[first:last]


def _split(run: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """The parts between linking words."""
    parts: list[list[re.Match[str]]] = [[]]
    for token in run:
        if not _is_link(token):
            parts[-1].append(token)
        elif parts[-1]:
            parts.append([])
    return parts


def _is_link(token: re.Match[str]) -> bool:
    return token.group().lower() in _LINKS
