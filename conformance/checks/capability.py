"""The CapabilityStatement: what R4 asks of it, and that the server is what it says (http://hl7.org/fhir/R4/capabilitystatement.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from conformance.check import check
from conformance.exchange import FHIR_JSON, Resource
from conformance.outcomes import expect_outcome
from conformance.target import OPERATION, Target
from conformance.verdict import Omitted, expect

DATE_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?")
INTERACTIONS = {"read": "GET", "vread": "GET", "search-type": "GET", "create": "POST"}
SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"


@check
def is_open(target: Target) -> None:
    """Anybody may read it."""
    answer = target.get("metadata", is_known=False)
    expect(answer.status == 200 and answer.media_type == FHIR_JSON, "200 without a token", answer)
    expect(answer.resource["resourceType"] == "CapabilityStatement", "a CapabilityStatement", answer.resource["resourceType"])


@check
def required_elements(target: Target) -> None:
    """It has what is required: status, date, kind, fhirVersion, format."""
    for name in ("status", "date", "kind", "fhirVersion", "format"):
        expect(target.capability.get(name), f"CapabilityStatement.{name}", "none")
    expect(target.capability["status"] in {"draft", "active", "retired", "unknown"}, "a publication status", target.capability["status"])
    expect(DATE_TIME.fullmatch(target.capability["date"]), "a dateTime", target.capability["date"])


@check
def says_r4(target: Target) -> None:
    """It says 4.0.1, as R4 does."""
    expect(target.capability.get("fhirVersion") == "4.0.1", "fhirVersion 4.0.1", target.capability.get("fhirVersion"))


@check
def has_rest(target: Target) -> None:
    """It describes REST, messaging or documents (cpb-1); a server describes REST in mode ``server``."""
    modes = [one.get("mode") for one in target.capability.get("rest", ())]
    expect("server" in modes, "rest.mode server", modes)


@check
def has_a_description(target: Target) -> None:
    """It has a description, software or implementation (cpb-2)."""
    expect(
        set(target.capability) & {"description", "software", "implementation"},
        "description, software or implementation",
        sorted(target.capability),
    )


@check
def instance_has_an_implementation(target: Target) -> None:
    """The statement of a running server says where it runs (cpb-14), and names what requires a name."""
    _require_kind(target, "instance")
    implementation = target.capability.get("implementation")
    expect(isinstance(implementation, dict) and implementation.get("description"), "implementation.description", implementation)


@check
def implementation_is_this_base(target: Target) -> None:
    """``implementation.url`` is the base that was asked, so that clients can build addresses from it."""
    url = target.capability.get("implementation", {}).get("url", "")
    if not url:
        raise Omitted("the statement gives no implementation.url")
    expect(_place(url) == _place(target.base), target.base, url)


@check
def capability_kind_has_no_implementation(target: Target) -> None:
    """A statement of kind ``capability`` has software and no implementation (cpb-15)."""
    _require_kind(target, "capability")
    expect(
        "software" in target.capability and "implementation" not in target.capability,
        "software and no implementation",
        sorted(target.capability),
    )


@check
def software_has_a_version(target: Target) -> None:
    """It says which software it is, in which version."""
    software = target.capability.get("software", {})
    expect(software.get("name") and software.get("version"), "software.name and software.version", software)


@check
def each_type_once(target: Target) -> None:
    """A resource type stands once (cpb-9)."""
    kinds = [one.get("type") for one in _resources(target)]
    expect(len(kinds) == len(set(kinds)), "each type once", kinds)


@check
def search_parameters_once(target: Target) -> None:
    """A search parameter of a type stands once (cpb-12), with a name and a type."""
    for one in _resources(target):
        names = [parameter.get("name") for parameter in one.get("searchParam", ())]
        expect(len(names) == len(set(names)) and all(names), f"each search parameter of {one.get('type')} once", names)
        expect(all(parameter.get("type") for parameter in one.get("searchParam", ())), "a type of each search parameter", names)


@check
def operation_at_encounter(target: Target) -> None:
    """The operation stands with Encounter, by its name without ``$`` and its definition as a canonical."""
    found = [one for one in target.claimed("Encounter").get("operation", ()) if str(one.get("name", "")).lstrip("$") == OPERATION]
    expect(len(found) == 1, f"one operation {OPERATION} of Encounter", found)
    expect(found[0]["name"] == OPERATION, f"the name {OPERATION} without $", found[0]["name"])
    expect(
        isinstance(found[0].get("definition"), str) and "://" in found[0]["definition"],
        "definition, a canonical URL",
        found[0].get("definition"),
    )


@check
def definitions_are_readable(target: Target) -> None:
    """Each operation's definition can be read here where it is the server's own, and says the same canonical."""
    read = 0
    for operation in _operations(target):
        canonical = str(operation.get("definition", "")).partition("|")[0]
        if canonical.startswith("http://hl7.org/fhir/"):
            continue
        answer = target.get(f"OperationDefinition/{canonical.rpartition('/')[2]}")
        expect(answer.status == 200, f"the definition {canonical} at OperationDefinition/[id]", answer)
        expect(answer.resource.get("url") == canonical, canonical, answer.resource.get("url"))
        expect(answer.resource.get("code") == operation.get("name"), f"code {operation.get('name')}", answer.resource.get("code"))
        read += 1
    if not read:
        raise Omitted("the statement names no definition of the server's own")


@check
def formats_are_given(target: Target) -> None:
    """Each format that it lists is given."""
    for name in target.capability.get("format", ()):
        answer = target.get("metadata", headers={"Accept": name} if "/" in name else {}, query={} if "/" in name else {"_format": name})
        expect(answer.status == 200, f"200 for the format {name}", answer)


@check
def nothing_is_claimed_that_is_not_there(target: Target) -> None:
    """What it lists as an interaction is answered otherwise than with 404 or 405 for the address itself."""
    for one in _resources(target):
        codes = {interaction.get("code") for interaction in one.get("interaction", ())}
        if "search-type" in codes:
            expect(
                target.get(str(one["type"]), query={"_count": "1"}).status not in {404, 405},
                f"a search of {one['type']}, as claimed",
                target.last,
            )
        if "read" in codes:
            answer = target.get(f"{one['type']}/no-such-id")
            expect(answer.status in {401, 403, 404, 410}, f"404 for a {one['type']} that does not exist", answer)
            if answer.status == 404:
                expect_outcome(answer, 404, "not-found")


@check
def encounter_is_not_stored(target: Target) -> None:
    """What it does not list is not there: to read or to search Encounters is then 404 or 405."""
    codes = {one.get("code") for one in target.claimed("Encounter").get("interaction", ())}
    closed = {name: path for name, path in {"read": "Encounter/no-such-id", "search-type": "Encounter"}.items() if name not in codes}
    if not closed:
        raise Omitted("the server reads and finds Encounters")
    for name, path in closed.items():
        answer = target.get(path)
        expect(answer.status in {401, 404, 405}, f"404 or 405, as {name} is not listed", answer)
        expect_outcome(answer, answer.status)


@check
def security_is_told(target: Target) -> None:
    """A server that wants tokens says so, by the code of SMART or OAuth."""
    target.require_guard()
    codes = [
        coding.get("code")
        for rest in target.capability.get("rest", ())
        for service in rest.get("security", {}).get("service", ())
        for coding in service.get("coding", ())
        if coding.get("system") == SECURITY
    ]
    expect({"SMART-on-FHIR", "OAuth"} & set(codes), "rest.security.service SMART-on-FHIR or OAuth", codes)


@check
def same_each_time(target: Target) -> None:
    """It is the same for whoever asks twice."""
    first, second = target.get("metadata"), target.get("metadata")
    expect(first.status == 200, "200", first)
    expect(first.resource == second.resource, "the same statement twice", "two that differ")


def _place(url: str) -> tuple[str, str, str]:
    """An address as far as it decides where a request goes."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/")


def _require_kind(target: Target, kind: str) -> None:
    found = target.capability.get("kind")
    expect(found in {"instance", "capability", "requirements"}, "a kind of the value set", found)
    if found != kind:
        raise Omitted(f"the statement is of kind {found}")


def _resources(target: Target) -> list[Resource]:
    return [one for rest in target.capability.get("rest", ()) for one in rest.get("resource", ())]


def _operations(target: Target) -> Iterator[Resource]:
    for one in _resources(target):
        yield from one.get("operation", ())
    for rest in target.capability.get("rest", ()):
        yield from rest.get("operation", ())
