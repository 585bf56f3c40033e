"""What the XML formats share: elements with text, and whole documents."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring


def put_child(parent: Element, name: str, value: object) -> None:
    """Add an element that holds a value as text."""
    SubElement(parent, name).text = str(value)


def document_text(root: Element) -> str:
    """Return a document as indented text."""
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'
