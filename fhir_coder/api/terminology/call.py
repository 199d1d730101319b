"""A call as it came: primitives in the address of a GET, or Parameters in the body of a POST (http://hl7.org/fhir/R4/operations.html#request).

An answer of these operations has no place for a remark that something was ignored. So an unknown parameter is refused, unless the caller
prefers ``handling=lenient``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Request

from fhir_coder.api.body import read_body
from fhir_coder.api.given import Given, GivenParameters, read_parameters
from fhir_coder.api.parameters import Parameter
from fhir_coder.api.prefer import Preferences
from fhir_coder.api.terminology.definitions import Definition
from fhir_coder.errors import InvalidContent, ParameterUnsupported
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.primitives import PRIMITIVES

OF_EVERY_CALL = frozenset({"_format", "_pretty"})
"""Parameters of the address that bear on the form of the answer alone (http://hl7.org/fhir/R4/http.html#parameters); ``_pretty`` is not acted upon."""


@dataclass(frozen=True, slots=True)
class Call:
    """The known parameters that were given. ``is_strict``: what is asked for and not known is an error."""

    given: GivenParameters
    is_strict: bool = False

    def value(self, name: str) -> Any:
        """The only value of a parameter, or None."""
        return self.given.value(name)

    def values(self, name: str) -> tuple[Any, ...]:
        """Every value of a parameter."""
        return tuple(one.value for one in self.given.all(name))

    def place(self, name: str) -> tuple[str, ...]:
        """The FHIRPath of a parameter, where it came in a body."""
        given = self.given.one(name)
        return (given.path,) if given and given.path else ()


def read_call(request: Request, definition: Definition, limits: Limits, preferences: Preferences) -> Call:
    """Raises InvalidContent for what the definition does not allow, ParameterUnsupported, and what reading a body raises."""
    in_address = [(name, value) for name, value in request.args.items(multi=True) if name not in OF_EVERY_CALL]
    if request.method == "POST":
        given = read_parameters(read_body(request, limits), definition.parameters, is_strict=False)
        given = GivenParameters(given.by_name, (*given.ignored, *("" for _ in in_address)))
    else:
        given = _of_address(in_address, definition)
    if given.ignored and preferences.handling != "lenient":
        raise _unknown(definition, given.ignored)
    for name, why in definition.refused.items():
        if given.one(name):
            raise ParameterUnsupported(f"{name} is not supported: {why}", expression=Call(given).place(name))
    return Call(given, preferences.is_strict)


def _of_address(pairs: list[tuple[str, str]], definition: Definition) -> GivenParameters:
    """A parameter without a value is one that was not given: so forms send what nobody filled in."""
    known = {parameter.name: parameter for parameter in definition.parameters}
    given: dict[str, list[Given]] = {}
    for name, value in pairs:
        if name in known and value:
            given.setdefault(name, []).append(Given("", _value(known[name], value)))
    for name, values in given.items():
        if len(values) > 1 and known[name].maximum == "1":
            raise InvalidContent(f"parameter {name} may be given once")
    ignored = tuple("" for name, _ in pairs if name not in known)
    return GivenParameters({name: tuple(values) for name, values in given.items()}, ignored)


def _value(parameter: Parameter, text: str) -> Any:
    primitive = PRIMITIVES.get(parameter.type)
    if primitive is None:
        raise InvalidContent(f"parameter {parameter.name} is a {parameter.type}: give it in the Parameters of a POST")
    try:
        value = primitive.from_text(text)
    except ValueError:
        value = None
    if value is None or not primitive.allows(value):
        raise InvalidContent(f"parameter {parameter.name} must be of type {parameter.type}")
    return value


def _unknown(definition: Definition, places: tuple[str, ...]) -> InvalidContent:
    names = ", ".join(parameter.name for parameter in definition.parameters)
    sentence = f"unknown parameter (Prefer: handling=lenient passes over it); ${definition.code} has: {names}"
    return InvalidContent(sentence, expression=tuple(_places(places)))


def _places(places: tuple[str, ...]) -> Iterator[str]:
    """Where unknown parameters stood in the body; those of the address have no FHIRPath."""
    return (place for place in places[:20] if place)
