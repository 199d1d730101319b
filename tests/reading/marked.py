"""Sentences with one concept in braces, as the data files of these tests write them, and the assertion the reader makes of it."""

from __future__ import annotations

from fhir_coder.model import Assertion, Encounter, Mention, Mentions, Note, Section, SectionKind, Sections
from fhir_coder.reading.assertion import assert_mentions
from fhir_coder.reading.sentences import find_sentences


def assert_marked(sentence: str, kind: SectionKind = SectionKind.BODY) -> Assertion:
    start, end = sentence.index("{"), sentence.index("}") - 1
    text = sentence.replace("{", "").replace("}", "")
    around = next(found for found in find_sentences(text, 0, len(text)) if found.start <= start and end <= found.end)
    mention = Mention("n", start, end, text[start:end], kind, around.start, around.end, codes=("X",), sources=("test",))
    sections = Sections(Encounter("e", (Note("n", text),)), (Section("n", kind, "", 0, 0, len(text)),))
    return assert_mentions(Mentions(sections, (mention,))).assertions[0]
