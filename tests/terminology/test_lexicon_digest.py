"""The quick digest is the lexicon's own."""

from terminology.lexicon import load_lexicon
from terminology.lexicon.digest import lexicon_sha256


def test_the_digest_is_that_of_the_loaded_lexicon() -> None:
    assert lexicon_sha256() == load_lexicon().sha256
