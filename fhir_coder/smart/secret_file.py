"""A secret in a file that nobody but its owner can reach: a client secret, or a token that was given to us for good."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fhir_coder.errors import ConfigurationError

MAX_BYTES = 8 * 1024


def read_secret(path: str) -> str:
    """The one line in the file, without the line's end. Raises ConfigurationError, which quotes the path and nothing of the file.

    It is looked at and read through one descriptor, so that it is the same file.
    """
    try:
        with Path(path).open("rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise ConfigurationError(f"the secret file {path} is not a file")
            if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError(f"the secret file {path} can be reached by others than its owner; run chmod 600 on it")
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the secret file {path} cannot be read: {error.strerror}") from error
    text = content.decode("latin-1").removesuffix("\n").removesuffix("\r")
    if len(content) > MAX_BYTES or not text or not all("!" <= letter <= "~" for letter in text):
        raise ConfigurationError(f"the secret file {path} does not hold one line of printable ASCII without blanks")
    return text
