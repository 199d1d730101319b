"""Validation against the publisher's own XML schemas, where they are among the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from terminology.loading.archive import SourceFile
from terminology.loading.failure import LoadError
from terminology.loading.safe_xml import parse_safely

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_FETCHING = frozenset({f"{_XSD}import", f"{_XSD}include", f"{_XSD}redefine", f"{_XSD}override"})


def validate(roots: dict[str, etree._Element], schemas: Iterable[SourceFile]) -> Iterator[str]:
    """Validate every file that a schema declares the root element of; yields the names of those that were. Raises LoadError.

    Several schemas may declare one root element (the index and the tables do): a file must satisfy one of them.
    """
    declared = [(schema, *_open(schema)) for schema in schemas]
    for name, root in roots.items():
        fitting = [(schema.name, grammar) for schema, elements, grammar in declared if str(root.tag) in elements]
        if not fitting:
            continue
        if not any(grammar.validate(root) for _, grammar in fitting):
            schema_name, grammar = fitting[0]
            raise LoadError(f"{name}: not valid by {schema_name}: {_first_error(grammar, root)}")
        yield name


def _open(schema: SourceFile) -> tuple[frozenset[str], etree.XMLSchema]:
    """The root elements that a schema declares, and the schema. One that would fetch others is refused."""
    root = parse_safely(schema.name, schema.data)
    if any(element.tag in _FETCHING for element in root.iter()):
        raise LoadError(f"{schema.name}: imports other schemas, which are never fetched")
    elements = frozenset(name for element in root.iterfind(f"{_XSD}element") if (name := element.get("name")))
    try:
        return elements, etree.XMLSchema(root)
    except etree.XMLSchemaParseError as error:
        raise LoadError(f"{schema.name}: not an XML schema") from error


def _first_error(grammar: etree.XMLSchema, root: etree._Element) -> str:
    """What is wrong, with its line, as the validator words it."""
    try:
        grammar.assertValid(root)
    except etree.DocumentInvalid as error:
        return str(error)
    return "no reason given"
