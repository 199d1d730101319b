"""A server over three releases: the embedded one of April 2026, and two small ones before it that differ from it and from each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.guards import Guards
from fhir_coder.api.terminology.service import Terminology
from fhir_coder.settings import Settings
from fhir_coder.throttle.rates import open_counters
from terminology.codebook import Codebook
from terminology.release import Catalogue, Release
from terminology.tabular import parse_tabular
from tests.api.conftest import SmallEngine, parameters, post, resource_of

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
WHOLE = f"{ICD}?fhir_vs"
LOOKUP, VALIDATE, EXPAND = "CodeSystem/$lookup", "CodeSystem/$validate-code", "ValueSet/$expand"
NOW = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)
EMBEDDED, OCTOBER, OLD = "2026-04-01", "2025-10-01", "2024-10-01"

SEVENTH = (
    '<sevenChrDef><extension char="A">initial encounter</extension><extension char="D">subsequent encounter</extension>'
    '<extension char="S">sequela</extension></sevenChrDef>'
)
TABULAR = """<ICD10CM.tabular><version>2026</version><chapter><name>9</name><desc>Circulatory (I00-I99)</desc>
<excludes2><note>injury (S00-T88)</note></excludes2>
<section id="I10-I1A"><desc>Hypertensive diseases (I10-I1A)</desc><useAdditionalCode><note>tobacco use (Z72.0)</note></useAdditionalCode>
<diag><name>I10</name><desc>{title}</desc><inclusionTerm><note>high blood pressure</note></inclusionTerm></diag></section>
<section id="I30-I5A"><desc>Other heart disease (I30-I5A)</desc><diag><name>I42</name><desc>Cardiomyopathy</desc><excludes1><note>heart attack (I21)</note></excludes1>
<diag><name>I42.0</name><desc>Dilated cardiomyopathy</desc></diag>{more}</diag></section></chapter>
<chapter><name>19</name><desc>Injury</desc><section id="S20-S29"><desc>Thorax</desc><diag><name>S23</name><desc>Sprain of thorax</desc>{seventh}
<diag><name>S23.4</name><desc>Sprain of ribs</desc></diag></diag></section></chapter></ICD10CM.tabular>"""
GONE = "<diag><name>I42.3</name><desc>Vanished cardiomyopathy</desc></diag>"


def small_release(first: date, last: date, title: str, more: str = "", caveat: str = "") -> Release:
    tabular = parse_tabular(TABULAR.format(title=title, more=more, seventh=SEVENTH).encode())
    return Release(first.isoformat(), f"Small {first.year}", first, last, f"{first:%Y}" * 16, Codebook(tabular), caveat=caveat)


@pytest.fixture(scope="session")
def small_releases() -> tuple[Release, Release]:
    """Of fiscal years 2025 and 2026, the older with codes only."""
    return (
        small_release(date(2024, 10, 1), date(2025, 9, 30), "Essential hypertension", caveat="codes only: notes and index not updated"),
        small_release(date(2025, 10, 1), date(2026, 3, 31), "Essential (primary) hypertension", GONE),
    )


@pytest.fixture(scope="session")
def releases(release: Release, small_releases: tuple[Release, Release]) -> Catalogue:
    """The three."""
    return Catalogue([release, *small_releases])


Serve = Callable[..., FlaskClient]


@pytest.fixture(scope="session")
def terminology(releases: Catalogue) -> Terminology:
    """What the three releases answer in May 2026; words are gathered once."""
    return Terminology(releases, lambda: NOW)


@pytest.fixture(scope="session")
def serve(terminology: Terminology) -> Serve:
    """A client of a server with these settings."""

    def make(answering: Terminology | None = terminology, counters: Path | None = None, **environment: str) -> FlaskClient:
        app = Flask("test", static_folder=None)
        settings = Settings.from_environment(environment)
        guards = Guards.of(settings, open_counters("", counters)) if counters else None
        app.register_blueprint(create_api(SmallEngine(), settings, guards=guards, terminology=answering))
        install_error_handlers(app)
        return app.test_client()

    return make


@pytest.fixture(scope="session")
def client(serve: Serve) -> FlaskClient:
    """Of a server with default settings, which trusts no issuer and answers nobody but those who ask of the code set."""
    return serve()


def get(client: FlaskClient, operation: str, *pairs: tuple[str, str], headers: dict[str, str] | None = None, **query: str) -> TestResponse:
    """A GET; names with hyphens and names given twice go as pairs."""
    return client.get(f"/fhir/{operation}", query_string=[*query.items(), *pairs], headers=headers)


def send(client: FlaskClient, operation: str, *given: dict[str, Any], **headers: str) -> TestResponse:
    """A POST with these parameters."""
    return post(client, f"/fhir/{operation}", parameters(*given), **headers)


def named(response: TestResponse, name: str) -> list[Any]:
    """The values, or parts, of the parameters of an answer that have a name."""
    assert response.status_code == 200, response.data
    found = [one for one in resource_of(response)["parameter"] if one["name"] == name]
    return [value for one in found for key, value in one.items() if key != "name"]


def properties(response: TestResponse) -> Iterator[dict[str, Any]]:
    """Each property of a lookup as a dict of its parts; of a subproperty the value alone."""
    for part in named(response, "property"):
        yield {one["name"]: next(value for key, value in one.items() if key != "name") for one in part}


def codes_of(response: TestResponse) -> list[str]:
    """The codes of an expansion."""
    assert response.status_code == 200, response.data
    return [one["code"] for one in resource_of(response)["expansion"].get("contains", ())]
