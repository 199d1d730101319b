"""Printed pages as text: from the glyphs of a PDF to lines in reading order. See :mod:`fhir_coder.notes.pdf`."""
