"""How an answer goes to a page that asked by its own script: as JSON with the same headers as a page."""

from __future__ import annotations

import json
from typing import Any

from flask import Request, Response

from fhir_coder.review.protection import protect

_JSON = "application/json"


def wants_json(request: Request) -> bool:
    """Whether the caller takes JSON and no page; browsers that open an address take both, or anything."""
    accepted = request.accept_mimetypes
    return accepted[_JSON] > 0 and accepted["text/html"] < accepted[_JSON]


def json_answer(members: dict[str, Any], status: int = 200) -> Response:
    """An answer for a script of ours."""
    return protect(Response(json.dumps(members, ensure_ascii=False), status, content_type=_JSON))
