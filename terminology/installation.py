"""Releases in the data directory: compiled once, opened many times, never half there.

``<data>/releases/<id>/`` holds ``manifest.json`` and the compiled files that it names by their content. A release that is new is renamed into
place; one that takes the place of another moves its files beside the old ones and then replaces the manifest. Killed at any moment, or made by two
processes at once, a reader finds the old release or the new one, and both whole.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from terminology import embedded
from terminology.codebook import Codebook
from terminology.compilation import dump_tabular, load_tabular
from terminology.exclusive import exclusive
from terminology.loading.vocabulary_tools import VocabularyTools, vocabulary_tools
from terminology.release import Catalogue, Release
from terminology.release_manifest import MANIFEST_FILE, ManifestUnreadable, ReleaseManifest, Source, manifest_text, read_manifest
from terminology.tabular import TabularList, parse_tabular

PARTIAL = ".partial-"
_EMBEDDED_PARTIAL = ".embedded-"
_ATTEMPTS = 3

Write = Callable[[Path, bytes], None]


@dataclass(frozen=True, slots=True)
class PreparedRelease:
    """A release ready to be written: in memory, with the list it was made from, its sources and the id of the release below it, if any."""

    release: Release
    tabular: TabularList
    sources: tuple[Source, ...]
    base: str = ""


def releases_folder(data: Path) -> Path:
    """Where the releases lie in the data directory."""
    return data / "releases"


# ----------------------------------------------------------------------------------------------------------------------- reading


def open_catalogue(data: Path) -> Catalogue:
    """Every installed release; the embedded one is compiled first where it is missing or was made by another version.

    Raises ValueError when a release is damaged or was made by another version; the message says what to do.
    """
    folder = releases_folder(data)
    ensure_embedded(data)
    return Catalogue(open_release(home) for home in installed_homes(folder))


def installed_homes(folder: Path) -> list[Path]:
    """The folders of installed releases, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(home for home in folder.iterdir() if not home.name.startswith(".") and (home / MANIFEST_FILE).is_file())


def installed_manifests(data: Path) -> dict[str, ReleaseManifest]:
    """The readable manifests of installed releases by release id, without opening them."""
    found: dict[str, ReleaseManifest] = {}
    for home in installed_homes(releases_folder(data)):
        with suppress(ManifestUnreadable):
            found[home.name] = read_manifest(home)
    return found


def open_release(home: Path, tools: VocabularyTools | None = None) -> Release:
    """One installed release; ValueError when its files are not those that its manifest names."""
    tools = tools or vocabulary_tools()
    for _ in range(_ATTEMPTS):
        manifest = _manifest_of(home)
        files = _read_files(home, manifest)
        if files is not None:
            return _release(manifest, files, tools)
        if _manifest_of(home) == manifest:
            break
        # Another process replaced the release between the two reads: the new manifest names other files.
    raise ValueError(f"release {home.name} is damaged: run `fhir-coder terminology remove {home.name}` and load it again")


def _manifest_of(home: Path) -> ReleaseManifest:
    try:
        return read_manifest(home)
    except ManifestUnreadable as error:
        raise ValueError(f"{error}: run `fhir-coder terminology remove {home.name}` and load it again") from error


def _read_files(home: Path, manifest: ReleaseManifest) -> dict[str, bytes] | None:
    """The compiled files, or None when one is missing or is not what the manifest says."""
    files: dict[str, bytes] = {}
    for role, (name, expected) in manifest.files.items():
        try:
            files[role] = (home / name).read_bytes()
        except OSError:
            return None
        if sha256(files[role]).hexdigest() != expected:
            return None
    return files


def _release(manifest: ReleaseManifest, files: dict[str, bytes], tools: VocabularyTools) -> Release:
    return Release(
        id=manifest.effective_from.isoformat(),
        title=manifest.title,
        effective_from=manifest.effective_from,
        effective_to=manifest.effective_to,
        sha256=manifest.sha256,
        codebook=Codebook(load_tabular(files["tabular"])),
        vocabulary=tools.load(files["vocabulary"]) if "vocabulary" in files else None,
        caveat=manifest.caveat,
    )


def read_tabular(home: Path) -> TabularList:
    """The tabular list of an installed release: what an overlay is made on."""
    files = _read_files(home, _manifest_of(home))
    if files is None:
        raise ValueError(f"release {home.name} is damaged: run `fhir-coder terminology remove {home.name}` and load it again")
    return load_tabular(files["tabular"])


# ----------------------------------------------------------------------------------------------------------------------- writing


def release_from_xml(data: bytes, title: str, effective_from: date, effective_to: date) -> Release:
    """A release in memory, straight from the official tabular XML. Raises TabularError."""
    return prepared_from_xml(data, title, effective_from, effective_to).release


def prepared_from_xml(data: bytes, title: str, effective_from: date, effective_to: date, name: str = "tabular.xml") -> PreparedRelease:
    """The same, ready to be written."""
    tabular = parse_tabular(data)
    digest = sha256(data).hexdigest()
    release = Release(effective_from.isoformat(), title, effective_from, effective_to, digest, Codebook(tabular))
    return PreparedRelease(release, tabular, (Source(name, "tabular list", len(data), digest),))


def install_release(folder: Path, data: bytes, title: str, effective_from: date, effective_to: date) -> Path:
    """Compile the tabular XML into ``folder/<effective_from>`` and return that path. Raises TabularError; then nothing has changed."""
    prepared = prepared_from_xml(data, title, effective_from, effective_to)
    folder.mkdir(parents=True, exist_ok=True)
    partial = stage_release(folder, prepared)
    try:
        return place_release(partial, folder / prepared.release.id)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk: a rename must not become visible before what it names."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def stage_release(
    folder: Path,
    prepared: PreparedRelease,
    write: Write = write_durably,
    tools: VocabularyTools | None = None,
    prefix: str = PARTIAL,
) -> Path:
    """Write a release into a folder that no reader looks at, and return that folder; it vanishes again when writing fails."""
    partial = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    try:
        # mkdtemp lets only its owner in; the code set is public, and the server may run as another user than the one who loaded it.
        partial.chmod(0o755)
        files = {
            role: (_content_name(role, content), content) for role, content in _compiled(prepared, tools or vocabulary_tools()).items()
        }
        for file_name, compiled in files.values():
            write(partial / file_name, compiled)
        manifest = _manifest(prepared, {role: (name, sha256(content).hexdigest()) for role, (name, content) in files.items()})
        write(partial / MANIFEST_FILE, manifest_text(manifest).encode("utf-8"))
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return partial


def _compiled(prepared: PreparedRelease, tools: VocabularyTools) -> dict[str, bytes]:
    files = {"tabular": dump_tabular(prepared.tabular)}
    if prepared.release.vocabulary is not None:
        files["vocabulary"] = tools.dump(prepared.release.vocabulary)
    return files


def _content_name(role: str, content: bytes) -> str:
    return f"{role}-{sha256(content).hexdigest()[:12]}.json.gz"


def _manifest(prepared: PreparedRelease, files: dict[str, tuple[str, str]]) -> ReleaseManifest:
    release = prepared.release
    return ReleaseManifest(
        title=release.title,
        effective_from=release.effective_from,
        effective_to=release.effective_to,
        sha256=release.sha256,
        codes=len(release.codebook),
        billable=release.codebook.billable_count,
        sources=prepared.sources,
        files=files,
        caveat=release.caveat,
        base=prepared.base,
    )


def place_release(partial: Path, home: Path) -> Path:
    """Make a staged release visible as ``home``: by one rename, or, where a release lies there, by one replacement of its manifest."""
    try:
        partial.rename(home)
    except OSError:
        if not home.is_dir():
            raise
        manifest = read_manifest(partial)
        for name, _ in manifest.files.values():
            (partial / name).replace(home / name)
        (partial / MANIFEST_FILE).replace(home / MANIFEST_FILE)
        _drop_unnamed(home, manifest)
    return home


def _drop_unnamed(home: Path, manifest: ReleaseManifest) -> None:
    """Files of the release that was replaced."""
    named = {MANIFEST_FILE, *(name for name, _ in manifest.files.values())}
    for path in home.iterdir():
        if path.name not in named:
            path.unlink(missing_ok=True)


def ensure_embedded(data: Path) -> None:
    """Compile the embedded release unless a release of this version lies in its place; one process does it, others wait."""
    folder = releases_folder(data)
    home = folder / embedded.EFFECTIVE_FROM.isoformat()
    if _is_whole(home):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / ".embedded.lock", [_EMBEDDED_PARTIAL]):
        if _is_whole(home):
            return
        content = embedded.read_embedded()
        prepared = prepared_from_xml(content, embedded.TITLE, embedded.EFFECTIVE_FROM, embedded.EFFECTIVE_TO, embedded.FILE)
        partial = stage_release(folder, prepared, prefix=_EMBEDDED_PARTIAL)
        try:
            place_release(partial, home)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _is_whole(home: Path) -> bool:
    """Whether a release of this version lies there with all its files; damage inside them is found when it is opened."""
    try:
        return all((home / name).is_file() for name, _ in read_manifest(home).files.values())
    except ManifestUnreadable:
        return False


def is_embedded(home: Path) -> bool:
    """Whether what lies there is the embedded release itself, which comes back by itself when it is removed."""
    try:
        return read_manifest(home).sha256 == embedded.SHA256
    except ManifestUnreadable:
        return home.name == embedded.EFFECTIVE_FROM.isoformat()
