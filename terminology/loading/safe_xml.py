"""XML from outside: nothing is fetched, no entity is expanded, a document type is refused."""

from __future__ import annotations

from lxml import etree

from terminology.loading.failure import LoadError


def parse_safely(name: str, data: bytes) -> etree._Element:
    """The root element. Raises LoadError that names the file and, where it is not well-formed, the line."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise LoadError(f"{name}: not well-formed XML (line {error.lineno})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise LoadError(f"{name}: has a DOCTYPE, which no official file has; refused")
    return root
