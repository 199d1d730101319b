"""Opening the store when a process starts."""

from __future__ import annotations

from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.sessions import Lifetimes, SessionStore, require_key
from fhir_coder.store.upgrade import upgrade


def open_repository(database_url: str, key: str) -> Repository:
    """The repository over an up-to-date database. Raises ConfigurationError for an unusable URL, key or database."""
    cipher = Cipher(key)
    engine = open_engine(database_url)
    upgrade(engine)
    return Repository(engine, cipher)


def open_sessions(database_url: str, key: str, lifetimes: Lifetimes) -> SessionStore:
    """The sessions of people over an up-to-date database. Raises ConfigurationError as :func:`open_repository`, and without a key."""
    cipher = Cipher(key)
    require_key(cipher)
    engine = open_engine(database_url)
    upgrade(engine)
    return SessionStore(engine, cipher, lifetimes)
