"""How the official index tables become a vocabulary, and how that is stored: the one place where loading meets the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from terminology.codebook import Codebook
from terminology.vocabulary import Vocabulary, compile_vocabulary, dump_vocabulary, load_vocabulary


@dataclass(frozen=True, slots=True)
class VocabularyTools:
    """``compile`` takes the tables in XML by ``index``, ``external``, ``neoplasm`` and ``drug`` and raises ValueError; ``dump`` and ``load``
    are the compiled form and back."""

    compile: Callable[[Mapping[str, bytes], Codebook], Vocabulary]
    dump: Callable[[Vocabulary], bytes]
    load: Callable[[bytes], Vocabulary]


def vocabulary_tools() -> VocabularyTools:
    """The tools at hand."""
    return VocabularyTools(compile_vocabulary, dump_vocabulary, load_vocabulary)
