"""Errors as pages for people: what happened, what to do, the number of the error and the id of the request. No quotation of what was sent."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from fhir_coder.api.failures import translated
from fhir_coder.api.log import ERRORS, FIELDS, places
from fhir_coder.api.observation import current_request_id
from fhir_coder.errors import EhrError, FhirCoderError, LaunchRefused, SignedOut, Unauthenticated
from fhir_coder.review.answers import json_answer, wants_json
from fhir_coder.review.rendering import Pages

_LOG = logging.getLogger(ERRORS)
_TITLES = {
    400: "This cannot be done as asked",
    401: "You are not signed in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not that way",
    409: "Somebody else is at it",
    413: "Too much at once",
    422: "This encounter cannot be coded",
    429: "Too often",
    503: "Busy just now",
    502: "The EHR did not answer as it should",
    504: "The EHR did not answer in time",
}
_PASSED_ON = ("Allow", "Retry-After")


def install_error_pages(blueprint: Blueprint, pages: Pages) -> None:
    """Answer every error of the blueprint's own views as a page."""

    def ours(error: FhirCoderError) -> Response:
        if error.status >= 500:
            fields = {"request_id": current_request_id(), "error": error.code, "status": error.status}
            _LOG.error("request failed", extra={FIELDS: fields})
        is_over = isinstance(error, (Unauthenticated, SignedOut)) or (isinstance(error, EhrError) and error.ehr_status == 401)
        status = 401 if is_over else error.status
        said = (error.oauth_error, error.description) if isinstance(error, LaunchRefused) else ("", "")
        return error_page(pages, status, error.message, error.code, said, dict(error.headers), is_over)

    def of_framework(error: HTTPException) -> Response:
        """What the web framework refuses while it reads a request: its own words may quote what was sent."""
        ours_instead = translated(error)
        if ours_instead is not None:
            return ours(ours_instead)
        status = error.code or 500
        return error_page(pages, status, "This server cannot answer a request of that kind.", f"HTTP {status}")

    def unexpected(error: Exception) -> Response:
        fields = {"request_id": current_request_id(), "exception": type(error).__name__, "places": list(places(error.__traceback__))}
        _LOG.error("unexpected error", extra={FIELDS: fields})  # no exc_info: the message may quote a note
        return error_page(pages, 500, "Something went wrong on this server. It was logged under the id below.", "FC000")

    blueprint.register_error_handler(FhirCoderError, ours)
    blueprint.register_error_handler(HTTPException, of_framework)
    blueprint.register_error_handler(Exception, unexpected)


def error_page(
    pages: Pages,
    status: int,
    message: str,
    code: str,
    said: tuple[str, str] = ("", ""),
    headers: dict[str, str] | None = None,
    needs_sign_in: bool = False,
) -> Response:
    """``said``: error code and words of an authorization server. Of ``headers`` those that mean something to a browser are passed on.

    A script of ours gets the number and the sentence as JSON.
    """
    if wants_json(request):
        answer = json_answer({"code": code, "error": message[:1].upper() + message[1:]}, status)
        answer.headers.update(_passed_on(headers or {}))
        return answer
    response = pages.page(
        "error",
        status=status,
        title=_TITLES.get(status, "Something went wrong"),
        message=message[:1].upper() + message[1:],
        code=code,
        number=status,
        request_id=current_request_id(),
        said=said,
        needs_sign_in=needs_sign_in,
    )
    response.headers.update(_passed_on(headers or {}))
    return response


def _passed_on(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _PASSED_ON}
