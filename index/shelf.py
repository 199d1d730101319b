"""The indexes of every installed release: all checked when the server starts, opened when first asked for, one encoder for all that carry it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Collection, Iterable
from pathlib import Path

from index.code_index import CodeIndex
from index.encoder import ENCODER_FILE, TOKENIZER_FILE, Encoder
from index.manifest import read_manifest
from index.open import check_index, index_folder, open_index
from terminology.release import Release


class IndexShelf:
    """The index for a release, by call. Raises ManifestMismatch: at once when any index is missing, damaged or stale, so that a server with a
    broken one does not start.

    Those of ``at_once`` (release ids) are opened before the constructor returns, and children forked later share their memory; the others are
    opened by whoever first codes an encounter of their dates, once in each process however many threads ask. While a shelf lives its folders
    are not cleared away (see :func:`clear_unused`), so that a release can be replaced under a running server.
    """

    def __init__(self, data: Path, releases: Iterable[Release], at_once: Collection[str]) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._open: dict[str, CodeIndex] = {}
        self._encoders: dict[tuple[str, str], Encoder] = {}
        self._held: list[int] = []
        known = tuple(releases)
        for release in known:
            folder = index_folder(data, release)
            if release.id in at_once:
                self(release)  # checks it too
            else:
                check_index(folder, release)
            self._held.append(_hold(folder))

    def __call__(self, release: Release) -> CodeIndex:
        """The index of an installed release."""
        found = self._open.get(release.id)
        if found is not None:
            return found
        with self._lock:
            if release.id not in self._open:
                self._open[release.id] = self._opened(release)
            return self._open[release.id]

    @property
    def opened(self) -> tuple[str, ...]:
        """Ids of the releases whose index is open."""
        return tuple(self._open)

    def close(self) -> None:
        """Let the folders go; what is open stays usable."""
        while self._held:
            os.close(self._held.pop())

    def __del__(self) -> None:
        self.close()

    def _opened(self, release: Release) -> CodeIndex:
        folder = index_folder(self._data, release)
        manifest = read_manifest(folder)
        key = manifest.files[ENCODER_FILE], manifest.files[TOKENIZER_FILE]
        if key not in self._encoders:
            self._encoders[key] = Encoder(folder)
        return open_index(folder, release, encoder=self._encoders[key])


def _hold(folder: Path) -> int:
    """A shared lock on the folder; it lives as long as the descriptor, in this process and in its children."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor
