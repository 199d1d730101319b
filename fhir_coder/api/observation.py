"""Around every request: its id, security headers, one line in the access log, and the metrics."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping

from flask import Blueprint, Response, g, request

from fhir_coder.api.log import ACCESS, FIELDS
from fhir_coder.api.metrics import Metrics

REQUEST_ID = "X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}", re.ASCII)
_UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_requests(blueprint: Blueprint, metrics: Metrics, headers: Mapping[str, str]) -> None:
    """Install the hooks, for every request of the application; ``headers`` are added to each answer that does not set them itself."""
    access = logging.getLogger(ACCESS)

    def begin() -> None:
        g.started = time.perf_counter()
        g.request_id = _request_id(request.headers.get(REQUEST_ID, ""))

    def finish(response: Response) -> Response:
        _add_headers(response, headers)
        seconds = time.perf_counter() - g.started
        metrics.count_request(_method(), _route(), response.status_code, seconds)
        access.info("request", extra={FIELDS: _access_fields(response, seconds)})
        return response

    blueprint.before_app_request(begin)
    blueprint.after_app_request(finish)


def current_request_id() -> str:
    """The id of the request being answered."""
    return str(g.get("request_id", ""))


def _request_id(given: str) -> str:
    """The caller's id when it is harmless, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def _add_headers(response: Response, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    response.headers[REQUEST_ID] = current_request_id()
    if g.get("preference_applied"):
        response.headers["Preference-Applied"] = g.preference_applied


def _access_fields(response: Response, seconds: float) -> dict[str, object]:
    """The route's template and not the path: a path that matches nothing may hold anything. The tenant only where it is one of ours."""
    return {
        "request_id": current_request_id(),
        "tenant": g.get("tenant", ""),
        "method": _method(),
        "route": _route(),
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 1),
        "bytes_in": request.content_length,
        "bytes_out": response.content_length,
    }


def _route() -> str:
    return request.url_rule.rule if request.url_rule else _UNMATCHED


def _method() -> str:
    return request.method if request.method in _METHODS else "other"
