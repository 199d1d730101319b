"""Alembic environment of the store; run by :mod:`fhir_coder.store.upgrade`."""
