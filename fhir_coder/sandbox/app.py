"""The built-in EHR over HTTP: the part of FHIR R4 REST that coding an encounter needs (http://hl7.org/fhir/R4/http.html)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.fhir.reader import read_json
from fhir_coder.fhir.writer import write_json
from fhir_coder.sandbox.capability import TYPES, capability_statement
from fhir_coder.sandbox.faults import Refused
from fhir_coder.sandbox.resource_store import Criteria, ResourceStore, Written
from fhir_coder.sandbox.transaction import transact

NAME = "sandbox"
PREFIX = "/sandbox/fhir"
FHIR_JSON = "application/fhir+json"
DEFAULT_COUNT = 20
MAX_COUNT = 200
_JSON_TYPES = frozenset({FHIR_JSON, "application/json", "text/json"})
_PAGING = frozenset({"_count", "_offset", "_format"})
_ETAG = re.compile(r'W/"([A-Za-z0-9\-.]{1,64})"', re.ASCII)


def create_blueprint(store: ResourceStore, prefix: str = PREFIX) -> Blueprint:
    """The routes, below ``prefix``."""
    blueprint = Blueprint(NAME, __name__, url_prefix=prefix)
    routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("GET", "/metadata", _metadata),
        ("POST", "", _transact),
        ("POST", "/", _transact),
        ("GET", "/<kind>", _search),
        ("POST", "/<kind>", _create),
        ("GET", "/<kind>/<resource_id>", _read),
        ("PUT", "/<kind>/<resource_id>", _update),
        ("DELETE", "/<kind>/<resource_id>", _delete),
        ("GET", "/<kind>/<resource_id>/_history/<version>", _read_version),
    )
    for method, rule, view in routes:
        endpoint = f"{method.lower()}_{view.__name__.strip('_')}{'_slash' if rule == '/' else ''}"
        blueprint.add_url_rule(rule, endpoint, partial(view, store), methods=[method])
    blueprint.register_error_handler(Refused, lambda error: _json(error.outcome, error.status))
    blueprint.register_error_handler(FhirCoderError, _refuse_content)
    blueprint.register_error_handler(HTTPException, _refuse_http)
    return blueprint


def create_sandbox_app(store: ResourceStore, prefix: str = PREFIX) -> Flask:
    """The built-in EHR as an application of its own, for use in process."""
    app = Flask("fhir_coder.sandbox", static_folder=None)
    app.register_blueprint(create_blueprint(store, prefix))
    app.register_error_handler(HTTPException, _refuse_http)
    return app


def _metadata(store: ResourceStore) -> Response:
    return _json(capability_statement(_base(), store.parameters))


def _transact(store: ResourceStore) -> Response:
    if request.mimetype not in _JSON_TYPES:
        raise Refused(415, "not-supported", f"send {FHIR_JSON}")
    return _json(transact(store, read_json(request.get_data())))


def _read(store: ResourceStore, kind: str, resource_id: str) -> Response:
    resource = store.read(_known(kind), resource_id)
    if kind == "Binary" and not _JSON_TYPES & {one.partition(";")[0] for one, _ in request.accept_mimetypes}:
        return Response(base64.b64decode(resource["data"]), content_type=resource["contentType"])
    return _versioned(resource, 200)


def _read_version(store: ResourceStore, kind: str, resource_id: str, version: str) -> Response:
    return _versioned(store.read_version(_known(kind), resource_id, version), 200)


def _search(store: ResourceStore, kind: str) -> Response:
    """Unknown parameters are ignored, and the self link says what was used, unless the caller asks for strict handling."""
    is_strict = "handling=strict" in request.headers.get("Prefer", "")
    criteria = _criteria(store, _known(kind), request.args.items(multi=True), is_strict)
    count = min(request.args.get("_count", DEFAULT_COUNT, int), MAX_COUNT)
    offset = max(request.args.get("_offset", 0, int), 0)
    matches = store.search(kind, criteria, offset, max(count, 0))
    links = [{"relation": "self", "url": _page_url(kind, criteria, count, offset)}]
    if count > 0 and offset + count < matches.total:
        links.append({"relation": "next", "url": _page_url(kind, criteria, count, offset + count)})
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": matches.total, "link": links}
    if matches.resources:
        bundle["entry"] = [_entry(one) for one in matches.resources]
    return _json(bundle)


def _create(store: ResourceStore, kind: str) -> Response:
    resource = _body(_known(kind))
    condition = request.headers.get("If-None-Exist")
    unless = _criteria(store, kind, parse_qsl(condition), is_strict=True) if condition else ()
    if condition and not unless:
        raise Refused(412, "invalid", "If-None-Exist is not a search query")
    return _written(store.create(resource, unless))


def _update(store: ResourceStore, kind: str, resource_id: str) -> Response:
    resource = _body(_known(kind))
    if resource.get("id") != resource_id:
        raise Refused(400, "invalid", "the id in the body is not the id in the URL")
    tag = request.headers.get("If-Match")
    match = _ETAG.fullmatch(tag) if tag else None
    if tag and match is None:
        raise Refused(412, "conflict", "If-Match is not a weak ETag")
    return _written(store.update(resource, match[1] if match else None))


def _delete(store: ResourceStore, kind: str, resource_id: str) -> Response:
    store.delete(_known(kind), resource_id)
    return Response(status=204)


def _known(kind: str) -> str:
    if kind not in TYPES:
        raise Refused(404, "not-supported", "this server does not have that resource type")
    return kind


def _criteria(store: ResourceStore, kind: str, pairs: Iterable[tuple[str, str]], is_strict: bool) -> Criteria:
    """The search parameters that this type has."""
    given = [(name, text) for name, text in pairs if name not in _PAGING and text]
    known = [(name, text) for name, text in given if name in store.parameters and store.parameters[name].is_for(kind)]
    if is_strict and len(known) < len(given):
        raise Refused(400, "not-supported", f"{len(given) - len(known)} search parameters are not supported for {kind}")
    return known


def _body(kind: str) -> Resource:
    """The resource sent, past the strict reader; raw bytes sent to Binary are wrapped."""
    media_type = request.mimetype
    if kind == "Binary" and media_type and media_type not in _JSON_TYPES:
        return {"resourceType": "Binary", "contentType": media_type, "data": base64.b64encode(request.get_data()).decode()}
    if media_type not in _JSON_TYPES:
        raise Refused(415, "not-supported", f"send {FHIR_JSON}")
    resource = read_json(request.get_data())
    if resource["resourceType"] != kind:
        raise Refused(400, "invalid", "the body is of another type than the URL")
    return resource


def _written(written: Written) -> Response:
    resource = written.resource
    response = _versioned(resource, 201 if written.is_new else 200)
    response.headers["Location"] = f"{_base()}/{resource['resourceType']}/{resource['id']}/_history/{resource['meta']['versionId']}"
    return response


def _versioned(resource: Resource, status: int) -> Response:
    response = _json(resource, status)
    response.headers["ETag"] = f'W/"{resource["meta"]["versionId"]}"'
    return response


def _entry(resource: Resource) -> Resource:
    return {"fullUrl": f"{_base()}/{resource['resourceType']}/{resource['id']}", "resource": resource, "search": {"mode": "match"}}


def _page_url(kind: str, criteria: Criteria, count: int, offset: int) -> str:
    pairs = [*criteria, ("_count", str(count)), *([("_offset", str(offset))] if offset else [])]
    return f"{_base()}/{kind}?{urlencode(pairs)}"


def _base() -> str:
    return request.host_url.rstrip("/") + str(current_app.blueprints[NAME].url_prefix)


def _json(resource: Resource, status: int = 200) -> Response:
    return Response(write_json(resource), status, content_type=f"{FHIR_JSON}; charset=utf-8")


def _refuse_content(error: FhirCoderError) -> Response:
    return _json(Refused(error.status, error.issue, error.message).outcome, error.status)


def _refuse_http(error: HTTPException) -> Response:
    """Routing faults (unknown page, wrong method) as OperationOutcome, with the headers that belong to them."""
    status = error.code or 500
    response = _json(Refused(status, "not-supported" if status < 500 else "exception", error.name).outcome, status)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response
