"""Where a tenant's signed encounters go: the member ``billing`` of ``FHIR_CODER_TENANTS``. Its members are told in docs/billing.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_NAMESPACE = re.compile(r"[A-Za-z0-9 ._\-]{0,20}", re.ASCII)
"""HD-1 is of type IS, at most 20 characters (v2.5.1 2.A.33)."""


class Kind(StrEnum):
    """In which form, and by which way."""

    CSV = "csv"
    DFT_FILE = "dft-file"
    DFT_MLLP = "dft-mllp"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths: the authority of the receiver (empty: the system's), our certificate and its private key (both or neither)."""

    ca: str = ""
    cert: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class BillingDestination:
    """One destination. ``folder`` of files; ``host``, ``port`` and ``tls`` of a receiver by MLLP, ``tls`` None: in plain, as the site wrote.

    ``timeout_s`` for connecting and again for the answer; ``attempts`` before it is given up; ``resend_unanswered``: whether a message that was
    sent and not answered is sent again by itself, with the same control id, which the receiver must then know."""

    kind: Kind
    id: str = "billing"
    folder: str = ""
    host: str = ""
    port: int = 0
    tls: TlsFiles | None = None
    timeout_s: float = 30.0
    attempts: int = 12
    resend_unanswered: bool = False
    sending_application: str = "FHIR-CODER"
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing: str = "P"

    @property
    def url(self) -> str:
        """Where it leads, as rules on addresses read it."""
        return f"mllp://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def read_billing(destinations: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> tuple[BillingDestination, ...]:
    """One destination or a list. Raises ValueError (text begins with ``expected`` and quotes no value), TypeError for an unknown member."""
    rows = [destinations] if isinstance(destinations, Mapping) else list(destinations)
    read = tuple(_destination(**row) for row in rows)
    if len({one.id for one in read}) != len(read):
        raise ValueError("expected each id of a billing destination once in a tenant")
    return read


def _destination(kind: str, tls: object = True, **members: Any) -> BillingDestination:
    if kind not in {one.value for one in Kind}:
        raise ValueError(f"expected kind of billing to be {', '.join(Kind)}")
    mllp = kind == Kind.DFT_MLLP
    if mllp and "folder" in members:
        raise ValueError("expected no folder of billing, where its kind is dft-mllp")
    if not mllp and ({"host", "port"} & set(members) or tls is not True):
        raise ValueError("expected no host, port or tls of billing, where files are written")
    made = BillingDestination(Kind(kind), tls=_tls(tls) if mllp else None, **members)
    _require_types(made)
    if not mllp and not PurePath(made.folder).is_absolute():
        raise ValueError("expected folder of billing to be an absolute path")
    if mllp and not (made.host and 0 < made.port < 65536):
        raise ValueError("expected host and port of billing, where its kind is dft-mllp")
    return made


def _require_types(made: BillingDestination) -> None:
    names = (made.sending_application, made.sending_facility, made.receiving_application, made.receiving_facility)
    if not all(isinstance(one, str) for one in (made.id, made.folder, made.host, made.processing, *names)):
        raise ValueError("expected names of billing to be text")
    if not _NAME.fullmatch(made.id):
        raise ValueError("expected id of billing to be 1 to 64 letters, digits, hyphens and dots")
    if not all(_NAMESPACE.fullmatch(one) for one in names):
        raise ValueError(
            "expected names of applications and facilities to be at most 20 letters, digits, blanks, dots, hyphens and underscores"
        )
    if made.processing not in {"P", "T", "D"}:
        raise ValueError("expected processing of billing to be P, T or D")
    if type(made.port) is not int or type(made.attempts) is not int or made.attempts < 1 or type(made.resend_unanswered) is not bool:
        raise ValueError("expected port and attempts of billing to be whole numbers and resend_unanswered to be true or false")
    if isinstance(made.timeout_s, bool) or not isinstance(made.timeout_s, int | float) or not 0 < made.timeout_s <= 600:
        raise ValueError("expected timeout_s of billing to be a number up to 600")


def _tls(value: object) -> TlsFiles | None:
    """``true``, the default: by the system's authorities; an object of paths; ``false`` has to be written: messages are about patients."""
    if value is False:
        return None
    if value is True:
        return TlsFiles()
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError("expected tls of billing to be true, false or paths: ca, cert, key")
    files = TlsFiles(**value)
    if bool(files.cert) != bool(files.key):
        raise ValueError("expected cert and key of billing's tls together")
    return files
