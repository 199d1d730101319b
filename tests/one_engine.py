"""The server in the process of the tests, over releases, indexes and engines that are loaded once: they take seconds and hundreds of MiB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import Flask

from fhir_coder import app, installed
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings
from index.shelf import IndexShelf
from terminology.release import Catalogue
from tests.staying import staying

_build, _open_catalogue, _open_indexes = app.build_coder, installed.open_catalogue, app.open_indexes
_engines: dict[tuple[Any, ...], Coder] = {}
_catalogues: dict[Path, Catalogue] = {}
_shelves: dict[Path, IndexShelf] = {}
_apps: list[Flask] = []


def create_app(settings: Settings) -> Flask:
    """As :func:`fhir_coder.app.create_app`; it ends by :func:`end_apps`."""
    with patch.object(app, "build_coder", build_coder):
        _apps.append(made := app.create_app(settings))
    return made


def end_apps() -> None:
    """Their threads end: one that is at a SQLite database while another test forks leaves the child a lock that nobody gives back."""
    while _apps:
        _apps.pop().extensions["fhir_coder"].before_exit()


def build_coder(settings: Settings, rankers: Mapping[str, Any] | None = None, records: bool = False) -> Coder:
    """As :func:`fhir_coder.app.build_coder`, once for settings that an engine is made of alike."""
    with loaded_once():
        if rankers is not None or settings.data != Settings.from_environment().data:
            return _build(settings, rankers, records)
        severities = tuple(sorted(settings.severities.items()))
        made_of = (settings.passing, settings.pass_probability, severities, settings.model, settings.model_sha256, records)
        if made_of not in _engines:
            with staying():
                _engines[made_of] = _build(settings, records=records)
        return _engines[made_of]


@contextmanager
def loaded_once() -> Iterator[None]:
    """Commands and engines that are made in the block share what was loaded of the checkout's data folder, though links in another lead there. What
    really lies elsewhere may change while tests run, and is loaded each time."""
    with patch.object(installed, "open_catalogue", _catalogue_of), patch.object(app, "open_indexes", _shelf_of):
        yield


def _catalogue_of(folder: Path) -> Catalogue:
    place = (folder / "releases").resolve()
    if not _is_the_checkouts(place):
        return _open_catalogue(folder)
    if place not in _catalogues:
        with staying():
            _catalogues[place] = _open_catalogue(folder)
    return _catalogues[place]


def _shelf_of(settings: Settings, catalogue: Catalogue) -> IndexShelf:
    place = (settings.data / "index").resolve()
    if not _is_the_checkouts(place) or catalogue not in _catalogues.values():
        return _open_indexes(settings, catalogue)
    if place not in _shelves:
        with staying():
            _shelves[place] = _open_indexes(settings, catalogue)
    return _shelves[place]


def _is_the_checkouts(place: Path) -> bool:
    return place.parent == _CHECKOUT and place.is_dir()


_CHECKOUT = Settings.from_environment().data.resolve()
