"""The official tables for looking codes up, as phrases with the codes they lead to.

:mod:`.vocabulary` is the line: read (:mod:`.alphabetic_index`, :mod:`.drug_neoplasm_tables`), follow and verify (:mod:`.cross_references`),
word (:mod:`.index_phrases`, :mod:`.claims`), settle (:mod:`.settlement`), compile (:mod:`.compiled_phrases`).
"""

from terminology.vocabulary.indexed_phrase import IndexedPhrase
from terminology.vocabulary.vocabulary import TABLES, Vocabulary, compile_vocabulary, dump_vocabulary, load_vocabulary

__all__ = ["TABLES", "IndexedPhrase", "Vocabulary", "compile_vocabulary", "dump_vocabulary", "load_vocabulary"]
