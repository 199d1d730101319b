"""Coders that pass over what a visit says: the visit reaches the server as such a coder would understand it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.conformance.broken.proxy import Asked, Broken, SpoilReply, SpoilRequest
from tests.conformance.broken.unseen.wire import parameters_of, respelling, sent
from tests.conformance.broken.wire import answers

Json = dict[str, Any]
NEVER = {"cancelled", "planned", "entered-in-error"}
SIDES = {"left": "right", "right": "left"}


def given(change: Callable[[list[Json]], list[Json]]) -> SpoilRequest:
    """Other parameters in."""

    def spoil(asked: Asked) -> None:
        if parameters_of(asked):
            asked.body = json.dumps(sent(asked) | {"parameter": change(parameters_of(asked))}).encode()

    return spoil


def of(kind: str, change: Callable[[Json], Json]) -> SpoilRequest:
    """Resources of a type are read otherwise."""

    def changed(one: Json) -> Json:
        is_one = one.get("resource", {}).get("resourceType") == kind
        return one | {"resource": change(one["resource"])} if is_one else one

    return given(lambda parameters: [changed(one) for one in parameters])


def replace_data(attachment: Json, text: str) -> None:
    """Other bytes; the hash and the size of the old ones would tell."""
    attachment["data"] = base64.b64encode(text.encode()).decode()
    for name in ("hash", "size"):
        attachment.pop(name, None)


def worded(change: Callable[[str], str]) -> SpoilRequest:
    """Notes in plain text are read as if other words stood there."""

    def changed(note: Json) -> Json:
        for content in note["content"]:
            attachment = content["attachment"]
            if attachment.get("contentType", "").startswith("text/plain") and "data" in attachment:
                text = base64.b64decode(attachment["data"]).decode("utf-8", "replace")
                replace_data(attachment, change(text))
        return note

    return of("DocumentReference", changed)


def without_words(pattern: str) -> SpoilRequest:
    return worded(lambda text: re.sub(rf"(?i)\b(?:{pattern})\b", "", text))


def in_utf8(note: Json) -> Json:
    """Whatever charset is named."""
    for content in note["content"]:
        attachment = content["attachment"]
        if "charset" in attachment.get("contentType", "") and "data" in attachment:
            text = base64.b64decode(attachment["data"]).decode("utf-8", "replace")
            attachment["contentType"] = "text/plain; charset=utf-8"
            replace_data(attachment, text)
    return note


def standing(note: Json) -> Json:
    return note | {"status": "current", "docStatus": "final"}


def alone(note: Json) -> Json:
    """Whatever replaces it, or it replaces."""
    return {name: value for name, value in note.items() if name != "relatesTo"} | {"status": "current"}


def without_addenda(parameters: list[Json]) -> list[Json]:
    return [one for one in parameters if '"appends"' not in json.dumps(one)]


def of_today(text: str) -> str:
    """Service dates before the newest release are taken for today's."""
    return re.sub(r"(?<=\")202[0-6]-\d\d-\d\d(?=[\"T])", "2026-06-09", text)


def to_utc(text: str) -> str:
    def moved(found: re.Match[str]) -> str:
        return f"{datetime.fromisoformat(found[0]).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    return re.sub(r"(?<=\")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d(?=\")", moved, text)


def assigning(reason: str) -> SpoilReply:
    """What was rejected for a reason is assigned."""

    def spoil(parameters: list[Json]) -> list[Json]:
        ranks = count(1 + sum(one["name"] == "assignment" for one in parameters))
        return [_assigned(one, next(ranks)) if _is_rejected(one, reason) else one for one in parameters]

    return answers(spoil)


def _is_rejected(parameter: Json, reason: str) -> bool:
    return parameter["name"] == "rejected" and {"name": "reason", "valueCode": reason} in parameter["part"]


def _assigned(rejected: Json, rank: int) -> Json:
    kept = [part for part in rejected["part"] if part["name"] != "reason"]
    told = [{"name": "rank", "valuePositiveInt": rank}, {"name": "disposition", "valueCode": "pass"}]
    return {"name": "assignment", "part": [*kept, *told]}


def sure(parameters: list[Json]) -> None:
    """Everything passes."""
    for one in parameters:
        if one["name"] == "disposition":
            one["valueCoding"]["code"] = "pass"


UNCERTAIN = (
    "probable|possible|suspected|likely|questionable|rule out|compatible with|consistent with|concern for|may be|working diagnosis of"
)
VISITS = (
    Broken("codes what is denied", ("FIX-021",), assigning("negated")),
    Broken("codes what relatives have", ("FIX-022",), assigning("family-history")),
    Broken("codes notes that are entered in error", ("FIX-010",), request=of("DocumentReference", standing)),
    Broken("codes notes that are replaced", ("FIX-009",), request=of("DocumentReference", alone)),
    Broken(
        "takes preliminary notes for final",
        ("FIX-011",),
        answers(sure),
        of("DocumentReference", lambda one: one | {"docStatus": "final"}),
    ),
    Broken("takes the newest release on every day", ("FIX-034",), answers(sure), respelling(of_today)),
    Broken(
        "codes visits that were cancelled",
        ("FIX-037",),
        request=of("Encounter", lambda one: one | {"status": "finished" if one["status"] in NEVER else one["status"]}),
    ),
    Broken(
        "codes stays in hospital",
        ("FIX-038",),
        request=of("Encounter", lambda one: one | {"class": {"system": one["class"]["system"], "code": "AMB"}}),
    ),
    Broken("takes the day in UTC", ("FMT-021",), request=respelling(to_utc)),
    Broken("reads no addendum", ("FIX-008",), request=given(without_addenda)),
    Broken("reads Latin-1 as UTF-8", ("FIX-003",), request=of("DocumentReference", in_utf8)),
    Broken(
        "codes the other side",
        ("FIX-026",),
        request=worded(lambda text: re.sub(r"(?i)\b(left|right)\b", lambda found: SIDES[found[0].lower()], text)),
    ),
    Broken("codes what is called uncertain", ("FIX-020",), request=without_words(UNCERTAIN)),
)
