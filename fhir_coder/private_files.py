"""Files that hold a secret: read only where nobody but their owner can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fhir_coder.errors import ConfigurationError

MAX_BYTES = 64 * 1024


def read_private(path: str, what: str, advice: str) -> str:
    """The ASCII content of a file that is its owner's alone; looked at and read through one descriptor, so that it is the same file.

    ``what`` the file is called in messages, ``advice``: what to do where there is none. Raises ConfigurationError, and UnicodeDecodeError for
    another content.
    """
    try:
        with Path(path).open("rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise ConfigurationError(f"the {what} {path} is not a file")
            if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError(f"the {what} {path} can be reached by others than its owner; run chmod 600 on it")
            return file.read(MAX_BYTES).decode("ascii")
    except FileNotFoundError as error:
        raise ConfigurationError(f"there is no {what} {path}; {advice}") from error
    except OSError as error:
        raise ConfigurationError(f"the {what} {path} cannot be read: {error.strerror}") from error
