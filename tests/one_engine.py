"""The server in the process of the tests, over an engine that is loaded once for settings that it is made of alike: it takes seconds and hundreds of MiB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from flask import Flask

from fhir_coder import app
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings
from tests.staying import staying

_build = app.build_coder
_engines: dict[tuple[Any, ...], Coder] = {}


def create_app(settings: Settings) -> Flask:
    """As :func:`fhir_coder.app.create_app`."""
    with patch.object(app, "build_coder", build_coder):
        return app.create_app(settings)


def build_coder(settings: Settings, rankers: Mapping[str, Any] | None = None, records: bool = False) -> Coder:
    """As :func:`fhir_coder.app.build_coder`. What lies in another data folder may change while tests run, and is loaded each time."""
    if rankers is not None or settings.data != Settings.from_environment().data:
        return _build(settings, rankers, records)
    severities = tuple(sorted(settings.severities.items()))
    made_of = (settings.passing, settings.pass_probability, severities, settings.model, settings.model_sha256, records)
    if made_of not in _engines:
        with staying():
            _engines[made_of] = _build(settings, records=records)
    return _engines[made_of]
