"""What is installed in the data folder, composed from the terminology and the index: releases opened, loaded and removed, indexes built and opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fhir_coder.edits.editor_file import EditorFile
from fhir_coder.edits.lists import LISTS_FOLDER, LOADED_FILE, Lists, lists_at
from fhir_coder.errors import ConfigurationError, InvalidContent
from fhir_coder.progress import stage_progress
from fhir_coder.settings import Settings
from index.build import build_index, needs_build
from index.clearing import clear_unused
from index.manifest import ManifestMismatch
from index.model import Model, ModelRefused, choose_model
from index.open import index_folder, index_name
from index.shelf import IndexShelf
from terminology.embedded import EmbeddedMissing
from terminology.installation import installed_manifests, open_catalogue
from terminology.loading import load as loading
from terminology.loading.failure import LoadError
from terminology.loading.load import Loaded, Loader, loading_idle
from terminology.loading.preparation import LoadRequest
from terminology.release import Catalogue, Release


def open_releases(settings: Settings) -> Catalogue:
    """Every installed release; the embedded one is compiled on first use."""
    try:
        return open_catalogue(settings.data)
    except OSError as error:
        raise unusable_folder(settings, error) from error
    except (ValueError, EmbeddedMissing) as error:
        raise ConfigurationError(str(error)) from error


def release_of(catalogue: Catalogue, release_id: str) -> Release:
    """The loaded release of that id; raises InvalidContent, which names those that are loaded."""
    try:
        return catalogue.get(release_id)
    except KeyError as error:
        loaded = ", ".join(release.id for release in catalogue.releases)
        raise InvalidContent(f"no release {release_id[:40]} is loaded; loaded are: {loaded}") from error


def lists_file(settings: Settings) -> Path:
    """Where loaded lists of a Medicare Code Editor lie."""
    return settings.data / LISTS_FOLDER / LOADED_FILE


def open_lists(settings: Settings) -> Lists:
    """The lists on age, sex and manifestations: those loaded, or else those shipped."""
    try:
        return lists_at(lists_file(settings))
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{lists_file(settings)} cannot be used ({reason}); load the lists again or remove the file") from error


def load_lists(settings: Settings, lists: EditorFile) -> None:
    """Take lists into use with the next start, in place of those loaded before."""
    target = lists_file(settings)
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(lists.table(), encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise unusable_folder(settings, error) from error


def unusable_folder(settings: Settings, error: Exception) -> ConfigurationError:
    """The data folder as the error that a person can act on."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return ConfigurationError(f"FHIR_CODER_DATA: the folder {settings.data} cannot be read and written ({reason})")


def open_indexes(settings: Settings, catalogue: Catalogue) -> IndexShelf:
    """Every index checked; those of the newest release and of the one in force today opened now, before any fork, the others when needed."""
    in_force = catalogue.for_date(datetime.now(UTC).date()).release
    try:
        return IndexShelf(settings.data, catalogue.releases, {catalogue.newest.id, in_force.id})
    except ManifestMismatch as error:
        raise ConfigurationError(str(error)) from error


def model_of(settings: Settings) -> Model:
    """The embedding model by setting, its files checked against their hashes."""
    try:
        return choose_model(settings.model, settings.model_sha256)
    except ModelRefused as error:
        raise ConfigurationError(str(error)) from error


def build_indexes(settings: Settings, force: bool = False) -> Iterator[tuple[Path, bool]]:
    """Build the index of every release that lacks a current one; yields each folder and whether it was built."""
    model = model_of(settings)
    for release in open_releases(settings).releases:
        folder = index_folder(settings.data, release)
        build = force or needs_build(folder, release, model)
        if build:
            with stage_progress(f"index {release.id}") as report:
                build_index(folder, release, model, report)
        yield folder, build
    _clear_indexes(settings)


def load_release(settings: Settings, request: LoadRequest) -> Loaded:
    """Load official files, their index first. Raises InvalidContent when they cannot be used; then nothing has changed."""
    model = model_of(settings)
    with stage_progress("load") as report, _releases_refusing(settings):
        _clear_indexes(settings)

        def build(release: Release) -> None:
            folder = index_folder(settings.data, release)
            if needs_build(folder, release, model):
                build_index(folder, release, model, report)

        return Loader(settings.data, build, report).load(request)


def remove_release(settings: Settings, release_id: str) -> None:
    """Take a release and its index away. Raises InvalidContent when it is not there or is the embedded one."""
    with _releases_refusing(settings):
        loading.remove_release(settings.data, release_id, lambda: _clear_now(settings))


def _clear_indexes(settings: Settings) -> None:
    """Drop indexes of releases that are gone, unless a release is just being loaded: its index is ready before it is visible itself."""
    with loading_idle(settings.data) as is_idle:
        if is_idle:
            _clear_now(settings)


def _clear_now(settings: Settings) -> None:
    used = [index_name(release_id, manifest.sha256) for release_id, manifest in installed_manifests(settings.data).items()]
    clear_unused(settings.data / "index", used)


@contextmanager
def _releases_refusing(settings: Settings) -> Iterator[None]:
    """What loading and removing raise, as errors of ours."""
    try:
        yield
    except LoadError as error:
        raise InvalidContent(str(error)) from error
    except OSError as error:
        raise unusable_folder(settings, error) from error
    except (ValueError, EmbeddedMissing) as error:
        raise ConfigurationError(str(error)) from error


def ensure_index(settings: Settings) -> None:
    """Build what is missing: for the command line, where a person waits. The server never builds, it refuses to start."""
    for _ in build_indexes(settings):
        pass
