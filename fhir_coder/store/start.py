"""Opening the store when a process starts."""

from __future__ import annotations

from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.hook_store import HookStore
from fhir_coder.store.repository import Repository
from fhir_coder.store.upgrade import upgrade


def open_repository(database_url: str, key: str) -> Repository:
    """The repository over an up-to-date database. Raises ConfigurationError for an unusable URL, key or database."""
    cipher = Cipher(key)
    engine = open_engine(database_url)
    upgrade(engine)
    return Repository(engine, cipher)


def open_hook_store(database_url: str) -> HookStore:
    """What CDS Hooks need, over an up-to-date database. Raises ConfigurationError for an unusable URL or database."""
    engine = open_engine(database_url)
    upgrade(engine)
    return HookStore(engine)
