"""TLS of the connection to PostgreSQL, as parameters of its URL: there they reach every engine that is made of it, that of the locks too.

Source: https://www.postgresql.org/docs/current/libpq-ssl.html. Only ``verify-full`` proves to whom we speak: that the certificate is of a trusted
authority and names the host. A host elsewhere is not spoken to in plain unless the site says so (45 CFR 164.312(e)(1)).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from fhir_coder.errors import ConfigurationError
from fhir_coder.protected_urls import is_loopback

MODES = ("", "off", "require", "verify-ca", "verify-full")
"""Empty: plain on this machine, refused elsewhere. ``require`` encrypts and proves nothing."""
_VERIFYING = ("verify-ca", "verify-full")
_PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_HOSTS = ("host", "hostaddr")
"""Where a URL may name hosts beside its own place for it; libpq connects to ``hostaddr`` whatever the host is called."""
SYSTEM = "system"
"""In place of a file of authorities: those that the system trusts (libpq 16)."""


@dataclass(frozen=True, slots=True)
class DatabaseTls:
    """``mode`` is one of ``MODES``; ``ca`` a file of authorities or ``system``; ``certificate`` and ``key`` files of ours, for servers that ask."""

    mode: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def applied(self, url: URL) -> URL:
        """The URL with these parameters. Raises ConfigurationError where they do not fit each other or the URL, or a file is not there."""
        if url.get_backend_name() != "postgresql":
            if self != DatabaseTls():
                raise ConfigurationError("FHIR_CODER_DATABASE_TLS is for PostgreSQL; the store is another database")
            return url
        given = [name for name in _PARAMETERS if name in url.query]
        if given and self != DatabaseTls():
            raise ConfigurationError(f"FHIR_CODER_DATABASE_URL and FHIR_CODER_DATABASE_TLS both set {', '.join(given)}: keep one")
        mode = self.mode or str(url.query.get("sslmode", ""))
        _require_protected(url, mode)
        if not self.mode:
            if self != DatabaseTls():
                raise ConfigurationError("FHIR_CODER_DATABASE_TLS must say how the files beside it are used (verify-full)")
            return url
        return url.update_query_dict(self._parameters())

    def _parameters(self) -> dict[str, str]:
        if self.mode == "off":
            if self.ca or self.certificate or self.key:
                raise ConfigurationError("FHIR_CODER_DATABASE_TLS is off, and files for it are given")
            return {"sslmode": "disable"}
        if self.mode in _VERIFYING and not self.ca:
            raise ConfigurationError(
                f"FHIR_CODER_DATABASE_TLS {self.mode} needs FHIR_CODER_DATABASE_TLS_CA: a file of authorities, or system"
            )
        if bool(self.certificate) != bool(self.key):
            raise ConfigurationError("FHIR_CODER_DATABASE_TLS_CERT and FHIR_CODER_DATABASE_TLS_KEY go together")
        for path in (self.ca, self.certificate, self.key):
            if path and path != SYSTEM and not Path(path).is_file():
                raise ConfigurationError(f"{path} for the TLS of the store is not a file")
        named = {"sslmode": self.mode, "sslrootcert": self.ca, "sslcert": self.certificate, "sslkey": self.key}
        return {name: value for name, value in named.items() if value}


def _require_protected(url: URL, mode: str) -> None:
    """Raises ConfigurationError for a host elsewhere that nobody said how to speak to."""
    hosts = [host for name in (url.host, *map(url.query.get, _HOSTS)) for host in _split(name)]
    if all(not host or host.startswith("/") or host == "localhost" or is_loopback(host) for host in hosts):
        return
    if mode in {"", "disable", "allow", "prefer"}:
        raise ConfigurationError(
            "the store is on another host: set FHIR_CODER_DATABASE_TLS to verify-full with FHIR_CODER_DATABASE_TLS_CA, "
            "or to off where the network between is protected otherwise"
        )


def _split(hosts: object) -> list[str]:
    """Hosts of a URL: libpq takes several, comma separated."""
    texts = hosts if isinstance(hosts, tuple) else (hosts,) if hosts else ()
    return [host.partition(":")[0] if host.count(":") == 1 else host for text in texts for host in str(text).split(",")]
