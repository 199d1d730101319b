"""Opening the store when a process starts."""

from __future__ import annotations

from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.rotation import Rotation
from fhir_coder.store.tls import DatabaseTls
from fhir_coder.store.upgrade import upgrade


def open_repository(database_url: str, key: str, tls: DatabaseTls | None = None) -> Repository:
    """The repository over an up-to-date database. Raises ConfigurationError for an unusable URL, key or database."""
    cipher = Cipher(key)
    engine = open_engine(database_url, tls)
    upgrade(engine)
    return Repository(engine, cipher)


def open_rotation(database_url: str, key: str, tls: DatabaseTls | None = None) -> Rotation:
    """What changes the key of an up-to-date database. Raises ConfigurationError as :func:`open_repository` does, and without a key."""
    cipher = Cipher(key)
    engine = open_engine(database_url, tls)
    rotation = Rotation(engine, cipher)
    upgrade(engine)
    return rotation
