"""What a fuzzer sends, and what no answer may be: requests by schemathesis, from the OpenAPI document and from the routes of the application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import schemathesis
from flask import Flask
from schemathesis.schemas import APIOperation

from conformance.exchange import FHIR_JSON, FHIR_XML, Answer
from conformance.outcomes import expect_valid
from conformance.target import Target
from conformance.verdict import expect

PLAIN = ("/.well-known/smart-configuration",)
"""Addresses below the FHIR base whose answers are JSON and no resource."""
_VARIABLE = re.compile(r"<(?:[a-z]+:)?(\w+)>")


def operations(document: dict[str, Any]) -> list[APIOperation]:
    """Every operation of a document."""
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


def routes(app: Flask, *beginnings: str) -> dict[str, Any]:
    """A document of the routes of an application that begin so: any text in paths, queries and forms."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(beginnings):
            continue
        variables = _VARIABLE.findall(rule.rule)
        path = _VARIABLE.sub(r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _anything(variables, has_body=method in {"POST", "PUT", "PATCH"})
    return {"openapi": "3.1.0", "info": {"title": "routes", "version": "1"}, "paths": paths}


def _anything(variables: list[str], has_body: bool) -> dict[str, Any]:
    text = {"type": "string"}
    named = [{"name": name, "in": "path", "required": True, "schema": text | {"minLength": 1}} for name in variables]
    queried = [{"name": name, "in": "query", "schema": text} for name in ("state", "q", "from", "iss", "code")]
    operation: dict[str, Any] = {"parameters": [*named, *queried], "responses": {"200": {"description": "done"}}}
    if has_body:
        fields = dict.fromkeys(("csrf", "act", "version", "code", "text", "reason", "hook"), text)
        forms = {"type": "object", "properties": fields}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": forms}, "application/json": {"schema": {}}}}
    return operation


def judge_fhir(answer: Answer, path: str) -> None:
    """No 5xx, nothing but FHIR (or JSON where SMART says so), and no error without an OperationOutcome."""
    expect(answer.status < 500, "no 5xx", answer)
    allowed = {FHIR_JSON, FHIR_XML} | ({"application/json"} if path.endswith(PLAIN) and answer.is_success else set())
    expect(answer.media_type in allowed, "a FHIR media type", answer)
    if answer.status >= 400 and answer.media_type == FHIR_JSON:
        expect_valid(answer.resource, answer)
    if answer.status >= 400 and answer.media_type == FHIR_XML:
        expect(b"<OperationOutcome" in answer.body[:300], "an OperationOutcome", answer)


def judge_any(answer: Answer, path: str) -> None:
    """No 5xx."""
    expect(answer.status < 500, "no 5xx", answer)


def sent(target: Target, case: schemathesis.Case, origin: str) -> Answer:
    """What a server answers to a case."""
    got = case.call(base_url=origin, session=target.session, allow_redirects=False, timeout=30)
    headers = {name.lower(): ", ".join(values) for name, values in got.headers.items()}
    return Answer(f"{case.method} {case.path}", got.status_code, headers, got.content, 0.0)


def modes() -> Iterator[schemathesis.GenerationMode]:
    """What the document allows, and what it does not."""
    yield from (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
