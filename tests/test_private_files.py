"""Secrets of the configuration, from a file or the environment, and what becomes of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_coder.errors import ConfigurationError
from fhir_coder.private_files import read_private, read_secret
from fhir_coder.smart.signing_key import load_key, new_key

NAME = "A_SECRET_OF_THE_TESTS"


def test_a_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "two words\n")
    assert read_secret(f"env:{NAME}") == "two words"


@pytest.mark.parametrize("value", [None, "", "é", "two\nlines", "x" * 9000], ids=["unset", "empty", "letters", "lines", "long"])
def test_a_bad_one_names_the_variable_and_quotes_nothing(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv(NAME, value)
    with pytest.raises(ConfigurationError) as caught:
        read_secret(f"env:{NAME}")
    assert NAME in caught.value.message
    assert not value or value not in caught.value.message


def test_a_private_key_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = new_key(tmp_path / "key.pem", "ES384")
    monkeypatch.setenv(NAME, (tmp_path / "key.pem").read_text())
    assert load_key(f"env:{NAME}").public() == made.public()


def test_a_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_private(str(path), "secret file", "")
