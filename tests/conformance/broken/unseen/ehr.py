"""What the server tells of an EHR."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply
from tests.conformance.broken.wire import answers, errors, status

Json = dict[str, Any]


def receipts(given: list[Json]) -> list[Json]:
    """The entries of the receipt."""
    return next((one["resource"]["entry"] for one in given if one["name"] == "receipt"), [])


def of_another_version(given: list[Json]) -> None:
    for entry in receipts(given):
        if "location" in entry["response"]:
            entry["response"]["location"] = re.sub(r"_history/.*", "_history/99", entry["response"]["location"])


def turned(given: list[Json]) -> None:
    receipts(given).reverse()


def handed_on() -> SpoilReply:
    def spoil(asked: Asked, reply: Reply) -> Reply:
        is_refusal = reply.status == 502 and reply.resource and reply.resource["issue"][0]["code"] == "processing"
        return replace(reply, status=403) if is_refusal else reply

    return spoil


EHR = (
    Broken("names another version in its receipt", ("IDE-004",), answers(of_another_version)),
    Broken("has a receipt in another order", ("IDE-003",), answers(turned)),
    Broken("hands the refusal of the EHR on", ("EHR-021",), handed_on()),
    Broken("calls silence of the EHR 502", ("EHR-009",), errors(status(502), 504)),
)
