"""Every HTTP error as an OperationOutcome in the negotiated format: ours, the web framework's and the unexpected."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from fhir_coder.api.log import ERRORS, FIELDS, places
from fhir_coder.api.observation import current_request_id
from fhir_coder.api.outcome import outcome_of_error, outcome_of_failure, outcome_of_status
from fhir_coder.api.respond import error_format_of, respond
from fhir_coder.errors import BodyTooLarge, FhirCoderError, MethodNotAllowed, OperationUnknown, StoreAway, UnreadableBody

_LOG = logging.getLogger(ERRORS)


RETRY_AFTER_S = 5
"""When to come back to a database that is away."""


def install_error_handlers(app: Flask, away: Iterable[type[Exception]] = ()) -> None:
    """Answer every error of the application; ``away`` are those of a database that takes no statements now. Doubled slashes are unknown paths, not redirects with an
    HTML page."""
    app.url_map.merge_slashes = False
    app.register_error_handler(FhirCoderError, _answer_ours)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)
    for one in away:
        app.register_error_handler(one, _answer_away)


def _answer_ours(error: FhirCoderError) -> Response:
    if error.status >= 500:
        _LOG.error("request failed", extra={FIELDS: {"request_id": current_request_id(), "error": error.code, "status": error.status}})
    return respond(outcome_of_error(error, current_request_id()), error_format_of(request), error.status, error.headers)


def _answer_http(error: HTTPException) -> Response:
    ours = translated(error)
    if ours is not None:
        return _answer_ours(ours)
    return respond(outcome_of_status(error.code or 500, error.name), error_format_of(request), error.code or 500)


def _answer_away(error: Exception) -> Response:
    """To who asks after a job an answer of 500 is the end of it: this one says that the job may be asked after again."""
    fields = {"request_id": current_request_id(), "exception": type(error).__name__, "places": list(places(error.__traceback__))}
    _LOG.error("the database does not answer", extra={FIELDS: fields})
    ours = StoreAway("the database does not answer; try again later", headers={"Retry-After": str(RETRY_AFTER_S)})
    return respond(outcome_of_error(ours, current_request_id()), error_format_of(request), ours.status, ours.headers)


def _answer_unexpected(error: Exception) -> Response:
    fields = {"request_id": current_request_id(), "exception": type(error).__name__, "places": list(places(error.__traceback__))}
    _LOG.error("unexpected error", extra={FIELDS: fields})  # no exc_info: another formatter would print the message, which may quote a note
    return respond(outcome_of_failure(current_request_id()), error_format_of(request), 500)


def translated(error: HTTPException) -> FhirCoderError | None:
    """Our own error for what the framework refuses before a view runs."""
    if error.code == 404:
        return OperationUnknown("no such operation, resource type or page on this server")
    if error.code == 405:
        allow = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return MethodNotAllowed("this address does not answer to that HTTP method", headers={"Allow": allow})
    if error.code == 413:
        return BodyTooLarge("the body is over the size limit")
    if error.code == 400:
        return UnreadableBody("the request could not be read")
    return None
