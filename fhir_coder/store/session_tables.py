"""The tables of browser sessions and of sign-ins that have begun. Ids stand there as hashes only, everything about people and tokens sealed."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class SessionRow(Table):
    """One signed-in browser. ``id_sha256`` is the hash of what its cookie holds, ``person_sha256`` that of who it is; times are epoch seconds."""

    __tablename__ = "browser_session"

    id_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    person_sha256: Mapped[str] = mapped_column(String(64), index=True)
    created_s: Mapped[int] = mapped_column(BigInteger)
    seen_s: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[Sealed] = mapped_column(EncryptedText)


class PendingSignInRow(Table):
    """A sign-in between its beginning and the callback, bound to the browser that began it; gone with the first use."""

    __tablename__ = "pending_sign_in"

    state_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    browser_sha256: Mapped[str] = mapped_column(String(64), index=True)
    created_s: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[Sealed] = mapped_column(EncryptedText)
