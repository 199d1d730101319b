"""Sealing words, and refusing whatever was not sealed."""

import pytest
from sqlalchemy.dialects import sqlite

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.tables import EncryptedText
from tests.store.conftest import KEY


def test_sealed_words_open_and_are_unreadable() -> None:
    sealed = Cipher(KEY).seal("Ünïcode words")
    assert sealed is not None and "words" not in sealed and Cipher(KEY).open(sealed) == "Ünïcode words"


def test_without_a_key_nothing_is_kept() -> None:
    assert Cipher("").seal("words") is None and Cipher(" , ").seal("words") is None
    assert Cipher(KEY).seal("") is None and Cipher(KEY).open(None) == ""
    assert not Cipher("").has_key and Cipher(KEY).has_key


@pytest.mark.parametrize("keys", ["secret", f"{KEY},secret", "é" * 44])
def test_a_bad_key_is_refused_without_being_quoted(keys: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Cipher(keys)
    assert keys not in str(caught.value) and "secret" not in str(caught.value)


def test_plain_text_cannot_be_bound() -> None:
    column, dialect = EncryptedText(), sqlite.dialect()
    with pytest.raises(TypeError):
        column.process_bind_param("words", dialect)  # type: ignore[arg-type]
    assert column.process_bind_param(Sealed("x"), dialect) == "x" and column.process_bind_param(None, dialect) is None
