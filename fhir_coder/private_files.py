"""Secrets of the configuration: in a file that nobody but its owner can read, or in the environment of the process."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fhir_coder.errors import ConfigurationError

MAX_BYTES = 64 * 1024
LONGEST_SECRET = 8 * 1024
FROM_ENVIRONMENT = "env:"
"""In place of a path: the name of an environment variable follows."""


def read_private(path: str, what: str, advice: str) -> str:
    """The ASCII content of a file that is its owner's alone, or of the variable that ``env:NAME`` names.

    ``what`` it is called in messages, ``advice``: what to do where there is none. Raises ConfigurationError, and UnicodeDecodeError for
    another content. A file is looked at and read through one descriptor, so that it is the same file.
    """
    if path.startswith(FROM_ENVIRONMENT):
        return _of_environment(path.removeprefix(FROM_ENVIRONMENT), what)
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


def read_secret(path: str) -> str:
    """The one line of a secret, a client secret or a token that was given to us for good, without the line's end.

    Raises ConfigurationError, which names the place and quotes nothing of it.
    """
    try:
        text = read_private(path, "secret file", "write the client secret into it").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = ""
    if not 0 < len(text) <= LONGEST_SECRET or not all(" " <= letter <= "~" for letter in text):  # RFC 6749 appendix A.2
        raise ConfigurationError(f"the secret file {path} holds no client secret: one line of ASCII characters")
    return text


def _of_environment(name: str, what: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(f"the {what} is to come from the environment variable {name}, which is not set")
    return value if value.isascii() else ""
