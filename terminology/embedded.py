"""The release that needs no download: the official April 2026 tabular list inside the wheel of simple-icd-10-cm.

Only the file is used, never the package's code, which keeps one release in module globals and glues notes to titles.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

EFFECTIVE_FROM = date(2026, 4, 1)
EFFECTIVE_TO = date(2026, 9, 30)
TITLE = "ICD-10-CM FY2026, April 2026 update"
SHA256 = "f161f8182aff3ce3a2a78e202f8259c08eaee2c670a9e45b0072445c52302935"
CODES = 98_186
BILLABLE = 74_719

FILE = "icd10c-tabular-April-1-2026.xml"

_PACKAGE = "simple_icd_10_cm"
_FOLDER = "data"


class EmbeddedMissing(RuntimeError):
    """The package that carries the embedded release is absent or another version."""


def read_embedded() -> bytes:
    """The tabular XML, checked against its hash. Raises EmbeddedMissing."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedMissing("the package simple-icd-10-cm is not installed: pip install simple-icd-10-cm==1.5.0")
    path = Path(spec.origin).parent / _FOLDER / FILE
    data = path.read_bytes() if path.is_file() else b""
    if sha256(data).hexdigest() != SHA256:
        raise EmbeddedMissing("the tabular list of simple-icd-10-cm is not that of version 1.5.0: pip install simple-icd-10-cm==1.5.0")
    return data
