"""Clinical vocabulary we wrote: abbreviations, lay terms and phrases that clinicians use, each with the codes it means.

The vocabulary is data: one tab-separated file for each specialty in ``terms/``, with the columns ``phrase``, ``code`` and ``options``.
:func:`load_lexicon` reads all of it, strictly; :func:`check_against` says which entries a release of the code set does not carry.
"""

from terminology.lexicon.check import Problem, check_against
from terminology.lexicon.entry import AgeRange, LexiconEntry
from terminology.lexicon.loader import Lexicon, LexiconError, load_lexicon

__all__ = ["AgeRange", "Lexicon", "LexiconEntry", "LexiconError", "Problem", "check_against", "load_lexicon"]
