"""Delivery into a folder: a file is there whole or not at all, is its owner's alone, and is never written over another."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from fhir_coder.billing.answer import Answer, Fate


class FileDrop:
    """``suffix`` of the files, which are named by their control number."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix

    def deliver(self, control_number: str, message: bytes) -> Answer:
        """Written under a hidden name first, then linked to its own, which fails where there is one. The same bytes there already count as written:
        an earlier attempt ended after the link and before it was marked."""
        place = self._folder / f"{control_number}{self._suffix}"
        part = self._folder / f".{place.name}.part"
        try:
            part.unlink(missing_ok=True)  # of an attempt that was cut short; only the holder of the claim is here
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(message)
                    stream.flush()
                    os.fchmod(stream.fileno(), 0o600)
                    os.fsync(stream.fileno())
                os.link(part, place)
            finally:
                part.unlink(missing_ok=True)
        except FileExistsError:
            return self._existing(place, message)
        except OSError as error:
            return Answer(Fate.NOT_TAKEN, detail=f"the folder cannot be written ({type(error).__name__})")
        self._settle()
        return Answer(Fate.WRITTEN)

    def _existing(self, place: Path, message: bytes) -> Answer:
        try:
            same = not place.is_symlink() and place.read_bytes() == message
        except OSError:
            same = False
        return Answer(Fate.WRITTEN) if same else Answer(Fate.REFUSED, detail="another file has the name already")

    def _settle(self) -> None:
        """The name on disk too, so that no crash of the machine takes back what is marked as sent."""
        with suppress(OSError):  # some file systems cannot; the file is there all the same
            descriptor = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
