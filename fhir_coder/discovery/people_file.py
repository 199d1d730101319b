"""A file that lists the people whose encounters are searched: one id a line; blank lines and those that begin with ``#`` are passed over."""

from __future__ import annotations

from pathlib import Path

from fhir_coder.errors import ConfigurationError
from fhir_coder.fhir_id import is_addressable

LONGEST_BYTES = 1024 * 1024


def read_people(file: str, kind: str) -> tuple[str, ...]:
    """The ids of a type (``Practitioner``), which may stand before each, in order and once. Raises ConfigurationError, which quotes nothing of the file."""
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the file of {kind} ids of discovery cannot be read ({type(error).__name__})") from None
    if len(content) > LONGEST_BYTES:
        raise ConfigurationError(f"the file of {kind} ids of discovery is larger than {LONGEST_BYTES} bytes")
    found: dict[str, None] = {}
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        named = line.strip().removeprefix(f"{kind}/")
        if named and not named.startswith("#"):
            if not is_addressable(named):
                raise ConfigurationError(f"line {number} of the file of {kind} ids of discovery is no id")
            found[named] = None
    return tuple(found)
