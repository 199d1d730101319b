"""Operations framework, definition, capability, negotiation, errors, parameters, preferences, terminology."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply, SpoilRequest
from tests.conformance.broken.wire import DEFINITION, METADATA, answers, errors, issue, jobs, status, when, without

Json = dict[str, Any]
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing", "diagnostics": "no"}]}
SERIAL = count(1)


def refused(code: int) -> Reply:
    """An error in JSON."""
    return Reply(code, (("Content-Type", "application/fhir+json; charset=utf-8"),), json.dumps(OUTCOME).encode())


def refusing(who: Callable[[Asked], object], code: int) -> SpoilReply:
    """Requests of which ``who`` says yes are refused, whatever the server says."""
    return lambda asked, reply: refused(code) if who(asked) else reply


def sent(asked: Asked) -> Any:
    """The body read as JSON, or None."""
    try:
        return json.loads(asked.body)
    except ValueError:
        return None


def parameters_of(asked: Asked) -> list[Json]:
    """The parameters in; none where the body is something else."""
    found = sent(asked)
    given = found.get("parameter") if isinstance(found, dict) else None
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def reading(change: Callable[[Any], Any]) -> SpoilRequest:
    """What is read in place of a body in JSON."""

    def spoil(asked: Asked) -> None:
        found = sent(asked)
        if found is not None:
            asked.body = json.dumps(change(found)).encode()

    return spoil


def respelling(change: Callable[[str], str]) -> SpoilRequest:
    """What is read in place of a text in UTF-8."""

    def spoil(asked: Asked) -> None:
        with suppress(UnicodeDecodeError):
            asked.body = change(asked.body.decode()).encode()

    return spoil


def throughout(change: Callable[[Json], Json]) -> Callable[[Any], Any]:
    """A change of every object inside."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return change({name: changed(one) for name, one in value.items()})
        return [changed(one) for one in value] if isinstance(value, list) else value

    return changed


def led_to(pattern: str, place: str) -> SpoilRequest:
    """A path is taken for another."""

    def spoil(asked: Asked) -> None:
        asked.environ["PATH_INFO"] = re.sub(pattern, place, asked.path)

    return spoil


def put_is_post(asked: Asked) -> None:
    if asked.is_operation and asked.method == "PUT":
        asked.environ["REQUEST_METHOD"] = "POST"


def is_on_an_instance(asked: Asked) -> bool:
    return asked.is_operation and re.search(r"/Encounter/[^/$]+/", asked.path) is not None


def believes_the_body(asked: Asked) -> None:
    if any(one.get("name") == "encounter" for one in parameters_of(asked)):
        led_to(r"/Encounter/[^/$]+/", "/Encounter/")(asked)


class Remembering:
    """Gives the codes of the call before beside those of this one."""

    def __init__(self) -> None:
        self._before: list[Json] = []

    def __call__(self, given: list[Json]) -> list[Json]:
        kept, self._before = self._before, [one for one in given if one["name"] in {"assignment", "rejected"}]
        return [*given, *kept]


def first_encounter(resource: Any) -> Any:
    """Parameters with the first of several encounters."""
    if not isinstance(resource, dict) or not isinstance(resource.get("parameter"), list):
        return resource
    given = resource["parameter"]
    named = [place for place, one in enumerate(given) if isinstance(one, dict) and one.get("name") == "encounter"]
    return resource | {"parameter": [one for place, one in enumerate(given) if place not in named[1:]]}


def defined_beside(resource: Json) -> None:
    resource["parameter"].append(
        {"name": "priority", "use": "in", "min": 0, "max": "1", "type": "code", "documentation": "How soon it is wanted."}
    )


def mins_as_texts(resource: Json) -> Json:
    return resource | {"parameter": [one | {"min": str(one["min"])} for one in resource["parameter"]]}


def of_a_client(resource: Json) -> None:
    resource["rest"][0]["mode"] = "client"


def elsewhere(resource: Json) -> None:
    resource["implementation"]["url"] = "https://other.example/fhir"


def twice_searched(resource: Json) -> None:
    for one in resource["rest"][0]["resource"]:
        one["searchParam"] = [{"name": "_id", "type": "token"}] * 2


def finds_none(asked: Asked, reply: Reply) -> Reply:
    if asked.method != "GET" or not asked.path.endswith("/Encounter"):
        return reply
    nothing = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    return Reply(200, (("Content-Type", "application/fhir+json; charset=utf-8"),), json.dumps(nothing).encode())


def operation_in_json(asked: Asked) -> None:
    if asked.is_operation:
        asked.environ["HTTP_ACCEPT"] = "application/fhir+json"


def known_formats(asked: Asked) -> None:
    pairs = parse_qsl(asked.environ["QUERY_STRING"])
    kept = [(name, value) for name, value in pairs if name != "_format" or "json" in value or "xml" in value]
    asked.environ["QUERY_STRING"] = urlencode(kept)


def errors_in_json(asked: Asked, reply: Reply) -> Reply:
    return refused(reply.status) if reply.status >= 400 and "xml" in reply.header("Content-Type") else reply


def first_accepted(asked: Asked) -> None:
    asked.environ["HTTP_ACCEPT"] = asked.header("Accept").split(",")[0].split(";")[0]


def any_version(asked: Asked) -> None:
    asked.environ["CONTENT_TYPE"] = re.sub(r";\s*fhirVersion=[^;]*", "", asked.header("Content-Type"))


def in_latin_1(asked: Asked, reply: Reply) -> Reply:
    if reply.resource is None:
        return reply
    return replace(reply, body=json.dumps(reply.resource, ensure_ascii=False).encode("latin-1", "replace"))


def of_the_operation(change: Callable[[Reply], Reply], *statuses: int) -> SpoilReply:
    """Another answer in place of an error of the operation."""
    return lambda asked, reply: change(reply) if asked.is_operation and reply.status in statuses else reply


def replaces_bytes(asked: Asked) -> None:
    asked.body = asked.body.decode("utf-8", "replace").encode()


def cannot_be_parsed(asked: Asked, reply: Reply) -> Reply:
    return replace(reply, status=422) if reply.status == 400 and sent(asked) is None else reply


def is_deep(asked: Asked) -> bool:
    return asked.body.count(b"[") > 500


def without_nulls(one: Json) -> Json:
    return {name: value for name, value in one.items() if value is not None}


def rolled_over(text: str) -> str:
    """A day that the month does not have is counted on into the next one."""

    def rolled(found: re.Match[str]) -> str:
        year, month, day = map(int, found.groups())
        try:
            return f"{datetime(year, month, 1, tzinfo=UTC) + timedelta(days=day - 1):%Y-%m-%d}"
        except ValueError:
            return found[0]

    return re.sub(r"(?<=\")(\d{4})-(\d\d)-(\d\d)(?=[\"T])", rolled, text)


def in_utc(text: str) -> str:
    return re.sub(r"(?<=T)(\d\d:\d\d:\d\d)(?=\")", r"\1Z", text)


def booleans_from_texts(one: Json) -> Json:
    return {name: value == "true" if value in ("true", "false") else value for name, value in one.items()}


def with_namespace(text: str) -> str:
    is_bare = text.startswith("<Parameters") and "xmlns" not in text
    return text.replace("<Parameters", '<Parameters xmlns="http://hl7.org/fhir"', 1) if is_bare else text


def is_extended(asked: Asked) -> bool:
    return b'"extension"' in asked.body


def begins_otherwise(asked: Asked) -> bool:
    given = [one.get("name") for one in parameters_of(asked)]
    return asked.is_operation and "encounter" in given[1:]


def with_text(resource: Any) -> Any:
    """The text is wanted, whatever was said."""
    if not isinstance(resource, dict) or not isinstance(resource.get("parameter"), list):
        return resource
    others = [one for one in resource["parameter"] if one.get("name") != "includeText"]
    return resource | {"parameter": [*others, {"name": "includeText", "valueBoolean": True}]}


def strict_as_422(asked: Asked, reply: Reply) -> Reply:
    return replace(reply, status=422) if reply.status == 400 and "strict" in asked.header("Prefer") else reply


def in_a_collection(asked: Asked, reply: Reply) -> Reply:
    found = reply.resource
    return reply.holding(found | {"type": "collection"}) if found and found["resourceType"] == "Bundle" else reply


def without_responses(asked: Asked, reply: Reply) -> Reply:
    found = reply.resource
    if not found or found["resourceType"] != "Bundle":
        return reply
    return reply.holding(found | {"entry": [without("response")(one) for one in found["entry"]]})


def page_when_gone(asked: Asked, reply: Reply) -> Reply:
    page = Reply(404, (("Content-Type", "text/html; charset=utf-8"),), b"<!doctype html><title>404 Not Found</title>")
    return page if reply.status == 404 else reply


def display_of_the_neighbour(resource: Json) -> None:
    for one in resource["parameter"]:
        if one["name"] == "display":
            one["valueString"] = "Type 2 diabetes mellitus with diabetic nephropathy"


def counts_the_page(resource: Json) -> None:
    resource["expansion"]["total"] = len(resource["expansion"].get("contains", ()))


def without_message(resource: Json) -> Json:
    return resource | {"parameter": [one for one in resource["parameter"] if one["name"] != "message"]}


def without_system(resource: Json) -> None:
    for one in resource["expansion"].get("contains", ()):
        del one["system"]


def on_expansions(change: Callable[[Reply], Reply]) -> SpoilReply:
    return lambda asked, reply: change(reply) if asked.path.endswith("$expand") and reply.status >= 400 else reply


def _wire() -> Iterator[Broken]:
    yield Broken("does a PUT as if it were a POST", ("OPS-007",), request=put_is_post)
    yield Broken("has the operation at system level too", ("OPS-014",), request=led_to(r"/fhir/\$code", "/fhir/Encounter/$code"))
    yield Broken("has the operation at every type", ("OPS-013",), request=led_to(r"/fhir/\w+/\$code", "/fhir/Encounter/$code"))
    yield Broken("gives the codes of the call before along", ("OPS-015",), reply=answers(Remembering()))
    yield Broken("allows GET alone", ("OPS-006",), reply=errors(lambda reply: reply.with_header("Allow", "GET, HEAD"), 405))
    yield Broken(
        "wants a parameter in a call on an instance",
        ("OPS-009",),
        reply=refusing(lambda asked: is_on_an_instance(asked) and asked.body and not parameters_of(asked), 400),
    )
    yield Broken("believes the body where the address names another encounter", ("ERR-016",), request=believes_the_body)
    yield Broken("defines an in parameter that it refuses", ("DEF-014",), reply=when(DEFINITION, defined_beside))
    yield Broken("takes the first of two encounters", ("DEF-016",), request=reading(first_encounter))
    yield Broken("is defined at the level of type alone", ("DEF-007",), reply=when(DEFINITION, lambda one: one | {"instance": False}))
    yield Broken("has min as a text", ("DEF-009",), reply=when(DEFINITION, mins_as_texts))
    yield Broken("describes a client", ("CAP-004",), reply=when(METADATA, of_a_client))
    yield Broken("finds no encounters instead of refusing the search", ("CAP-017",), reply=finds_none)
    yield Broken("names the base of another server", ("CAP-007",), reply=when(METADATA, elsewhere))
    yield Broken(
        "has a new date in each statement",
        ("CAP-019",),
        reply=when(METADATA, lambda one: one | {"date": f"2026-05-04T09:00:00.{next(SERIAL):06}Z"}),
    )
    yield Broken("lists a search parameter twice", ("CAP-011",), reply=when(METADATA, twice_searched))
    yield Broken("answers the operation in JSON alone", ("NEG-019",), request=operation_in_json)
    yield Broken("gives JSON for an unknown _format", ("NEG-016",), request=known_formats)
    yield Broken("calls a wrong media type 400", ("NEG-026",), reply=errors(status(400), 415))
    yield Broken("tells errors in JSON alone", ("NEG-021",), reply=errors_in_json)
    yield Broken(
        "takes no body in XML", ("NEG-027",), reply=refusing(lambda asked: asked.body and "xml" in asked.header("Content-Type"), 415)
    )
    yield Broken("gives the first format accepted, whatever its quality", ("NEG-010",), request=first_accepted)
    yield Broken("takes a body of FHIR 5.0", ("NEG-025",), request=any_version)
    yield Broken("says UTF-8 and sends Latin-1", ("FMT-028",), reply=in_latin_1)
    yield Broken("does not say that its answers vary by Accept", ("NEG-030",), reply=lambda asked, reply: reply.with_header("Vary", None))
    yield Broken("has issues without code", ("ERR-001",), reply=errors(issue(code=None)))
    yield Broken("calls its errors information", ("ERR-028",), reply=errors(issue(severity="information")))
    yield Broken("has another issue type for an unknown encounter", ("ERR-008",), reply=of_the_operation(issue(code="processing"), 404))
    yield Broken("answers 404 to a wrong method", ("ERR-010",), reply=errors(status(404), 405))
    yield Broken("replaces bytes that are no UTF-8", ("ERR-005",), request=replaces_bytes)
    yield Broken(
        "shows a trace of Java",
        ("ERR-020",),
        reply=errors(issue(diagnostics="java.lang.IllegalStateException: null\n\tat com.example.fhir.Coder.code(Coder.java:42)")),
    )
    yield Broken("calls what cannot be parsed 422", ("ERR-001",), reply=cannot_be_parsed)
    yield Broken("falls over deep nesting", ("ERR-006",), reply=refusing(is_deep, 500))
    yield Broken("leaves nulls out", ("FMT-001",), request=reading(throughout(without_nulls)))
    yield Broken("takes the last of two properties of one name", ("FMT-005",), request=reading(lambda one: one))
    yield Broken("rolls the thirtieth of February over", ("FMT-010",), request=respelling(rolled_over))
    yield Broken("takes moments without a zone for UTC", ("FMT-009",), request=respelling(in_utc))
    yield Broken("leaves modifier extensions out", ("INP-015",), request=reading(throughout(without("modifierExtension"))))
    yield Broken("takes texts for booleans", ("FMT-007",), request=reading(throughout(booleans_from_texts)))
    yield Broken("reads XML of no namespace", ("FMT-027",), request=respelling(with_namespace))
    yield Broken("refuses extensions", ("INP-014",), reply=refusing(is_extended, 400))
    yield Broken("wants the encounter first", ("INP-001",), reply=refusing(begins_otherwise, 400))
    yield Broken("gives the text where it is not wanted", ("INP-016",), request=reading(with_text))
    yield Broken("refuses unknown parameters with 422", ("PRE-003",), reply=strict_as_422)
    yield Broken("gives later answers in a collection", ("PRE-012",), reply=jobs(in_a_collection))
    yield Broken("says nothing of the status of later answers", ("PRE-012",), reply=jobs(without_responses))
    yield Broken("answers 404 with a page after DELETE", ("PRE-014",), reply=jobs(page_when_gone))
    yield Broken("looks up the display of another code", ("TER-001",), reply=when("$lookup", display_of_the_neighbour))
    yield Broken("counts the page instead of all", ("TER-013",), reply=when("$expand", counts_the_page))
    yield Broken("does not say why a code is not valid", ("TER-008",), reply=when("$validate-code", without_message))
    yield Broken("has another issue type for what is too large", ("TER-016",), reply=on_expansions(issue(code="processing")))
    yield Broken("expands to codes without system", ("TER-012",), reply=when("$expand", without_system))


WIRE = tuple(_wire())
