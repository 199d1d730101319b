"""Search parameters as data, and what a resource offers to each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from fhir_coder.exchange import Resource


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One parameter of ``search_parameters.tsv``; ``kind`` is token or reference."""

    name: str
    kind: str
    types: tuple[str, ...]
    paths: tuple[str, ...]

    def is_for(self, resource_type: str) -> bool:
        """Whether resources of the type can be found by it."""
        return "*" in self.types or resource_type in self.types


@dataclass(frozen=True, slots=True)
class Value:
    """A value that can be searched for: a token's system and code, or a reference as ``Type/id`` without system."""

    parameter: str
    system: str
    code: str


def load_parameters() -> tuple[SearchParameter, ...]:
    """All parameters, in the order of the file."""
    lines = files("fhir_coder.sandbox").joinpath("search_parameters.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    return tuple(SearchParameter(name, kind, tuple(types.split(",")), tuple(paths.split(","))) for name, kind, types, paths in rows)


def values_of(resource: Resource, parameters: tuple[SearchParameter, ...]) -> Iterator[Value]:
    """Everything a resource can be found by."""
    for parameter in (one for one in parameters if one.is_for(resource["resourceType"])):
        for path in parameter.paths:
            for element in _elements(resource, path.split(".")):
                yield from _values(parameter, element)


def wanted(parameter: SearchParameter, text: str) -> tuple[str | None, str | None]:
    """System and code that a search asks for; None: any. A reference is compared by its end, so that absolute ones and bare ids match."""
    if parameter.kind == "reference":
        return None, "/".join(text.split("/")[-2:])
    system, bar, code = text.rpartition("|")
    return (system if bar else None), code or None


def _elements(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _elements(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _elements(value[path[0]], path[1:])


def _values(parameter: SearchParameter, element: Any) -> Iterator[Value]:
    if isinstance(element, str):
        yield Value(parameter.name, "", element)
    elif parameter.kind == "reference":
        if reference := element.get("reference"):
            yield Value(parameter.name, "", "/".join(reference.split("/")[-2:]))
    elif "value" in element:
        yield Value(parameter.name, element.get("system", ""), element["value"])
    else:
        for coding in element.get("coding", [element]):
            yield Value(parameter.name, coding.get("system", ""), coding.get("code", ""))
