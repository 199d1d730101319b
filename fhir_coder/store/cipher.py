"""Encryption of words at rest (Fernet: AES-128-CBC with HMAC-SHA256, https://cryptography.io/en/latest/fernet/)."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from fhir_coder.errors import ConfigurationError


class Sealed(str):
    """Encrypted text as it stands in a column. Made by :class:`Cipher` only, so that plain words cannot be written by mistake."""

    __slots__ = ()


def new_store_key() -> str:
    """A new key for FHIR_CODER_KEY."""
    return Fernet.generate_key().decode("ascii")


class Cipher:
    """Seals with the newest key and opens with any; without a key it seals nothing and words are dropped."""

    def __init__(self, keys: str = "") -> None:
        """``keys``: Fernet keys, comma separated, newest first. Raises ConfigurationError for one that is not a key (never quoting it)."""
        try:
            fernets = [Fernet(key.strip()) for key in keys.split(",") if key.strip()]
        except ValueError:  # UnicodeEncodeError and binascii.Error are of this kind
            raise ConfigurationError("FHIR_CODER_KEY is not a Fernet key; make one with fhir-coder keys new-store-key") from None
        self._fernets = fernets
        self._fernet = MultiFernet(fernets) if fernets else None

    @property
    def has_key(self) -> bool:
        """Whether words are kept."""
        return self._fernet is not None

    def seal(self, text: str) -> Sealed | None:
        """Encrypted text; None (dropped) without a key and for the empty string."""
        if self._fernet is None or not text:
            return None
        return Sealed(self._fernet.encrypt(text.encode("utf-8")).decode("ascii"))

    def open(self, sealed: Sealed | None) -> str:
        """The words, or empty when they were dropped or no key is set. Raises ConfigurationError when none of the keys fits."""
        if sealed is None or self._fernet is None:
            return ""
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode("utf-8")
        except InvalidToken:
            raise ConfigurationError("stored words were encrypted with a key that FHIR_CODER_KEY no longer lists") from None

    def place_of_key(self, sealed: Sealed) -> int | None:
        """The place of the key that opens it, 0 for the newest; None when none does."""
        for place, fernet in enumerate(self._fernets):
            try:
                fernet.decrypt(sealed.encode("ascii"))
            except InvalidToken:
                continue
            return place
        return None

    def reseal(self, sealed: Sealed) -> Sealed:
        """The same words under the newest key. Raises ConfigurationError when none of the keys fits."""
        if self._fernet is None:
            raise ConfigurationError("FHIR_CODER_KEY is empty")
        try:
            return Sealed(self._fernet.rotate(sealed.encode("ascii")).decode("ascii"))
        except InvalidToken:
            raise ConfigurationError("stored words were encrypted with a key that FHIR_CODER_KEY no longer lists") from None
