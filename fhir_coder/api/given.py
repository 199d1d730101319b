"""The in parameters of a call as they came, read by the table of its operation: known ones by name, and where unknown ones stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.api.outcome import MAX_EXPRESSIONS, ignored_sentence
from fhir_coder.api.parameters import Parameter
from fhir_coder.errors import InvalidContent, RequestError
from fhir_coder.exchange import Resource

_NOT_CONTENT = frozenset({"name", "_name", "id", "extension"})


@dataclass(frozen=True, slots=True)
class Given:
    """A known parameter as it came: where, and its value or resource."""

    path: str
    value: Any

    @property
    def resource_path(self) -> str:
        """Where its resource stands in the body: below the parameter, or the body itself when it was posted bare."""
        return f"{self.path}.resource" if self.path.startswith("Parameters.") else self.path


@dataclass(frozen=True, slots=True)
class GivenParameters:
    """What was given by name, each in the order of the body, and the FHIRPaths of the parameters that were ignored."""

    by_name: Mapping[str, tuple[Given, ...]]
    ignored: tuple[str, ...] = ()

    def all(self, name: str) -> tuple[Given, ...]:
        """Every parameter of that name."""
        return self.by_name.get(name, ())

    def one(self, name: str) -> Given | None:
        """The parameter of that name, of which there is at most one."""
        return next(iter(self.all(name)), None)

    def value(self, name: str) -> Any:
        """The content of the parameter of that name, or None."""
        given = self.one(name)
        return given.value if given else None

    def explain(self, error: RequestError) -> RequestError:
        """The refusal with the places of ignored parameters: what it misses may have been sent under a misspelt name."""
        if not self.ignored:
            return error
        places = (*error.expression, *self.ignored[:MAX_EXPRESSIONS])
        return type(error)(f"{error.message}. {ignored_sentence(len(self.ignored))}", expression=places, headers=error.headers)


def read_parameters(body: Resource | None, table: Iterable[Parameter], is_strict: bool) -> GivenParameters:
    """Read the body (None: empty) of a call.

    Raises InvalidContent for another resource than Parameters, content that the table does not allow and, when ``is_strict``, an unknown
    parameter. Source: http://hl7.org/fhir/R4/operations.html and the OperationDefinition.
    """
    known = {parameter.name: parameter for parameter in table}
    given: dict[str, list[Given]] = {}
    ignored = []
    for index, parameter in enumerate(_parameters(body)):
        path = f"Parameters.parameter[{index}]"
        described = known.get(parameter.get("name", ""))
        if described is not None:
            _add(given.setdefault(described.name, []), described, Given(path, _value(parameter, described, path)))
        elif is_strict:
            raise InvalidContent("unknown parameter, refused under Prefer: handling=strict", expression=(path,))
        else:
            ignored.append(path)
    return GivenParameters({name: tuple(values) for name, values in given.items()}, tuple(ignored))


def _parameters(body: Resource | None) -> list[Resource]:
    if body is None:
        return []
    if body["resourceType"] != "Parameters":
        raise InvalidContent("the body must be a Parameters resource", expression=(body["resourceType"],))
    if "implicitRules" in body:
        raise InvalidContent("implicitRules are not understood here", expression=("Parameters.implicitRules",))
    return body.get("parameter", [])


def _add(values: list[Given], parameter: Parameter, value: Given) -> None:
    if values and parameter.maximum == "1":
        raise InvalidContent(f"parameter {parameter.name} may be given once", expression=(value.path,))
    values.append(value)


def _value(parameter: Resource, known: Parameter, path: str) -> Any:
    """The content of a parameter; exactly one of value, resource, part (invariant inv-1) and of the declared type."""
    content = [key for key in parameter if key not in _NOT_CONTENT and not key.startswith("_value")]
    if "modifierExtension" in content:
        raise InvalidContent("a modifier extension is not understood here", expression=(f"{path}.modifierExtension",))
    if len(content) != 1:
        raise InvalidContent("a parameter has exactly one of value, resource and part", expression=(path,))
    if content[0] != known.content:
        raise InvalidContent(f"parameter {known.name} must be of type {known.type}", expression=(path,))
    value = parameter[content[0]]
    if known.is_resource and known.type not in {"Resource", value["resourceType"]}:
        raise InvalidContent(f"parameter {known.name} must be of type {known.type}", expression=(f"{path}.resource",))
    return value
