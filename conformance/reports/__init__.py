"""A run as text, JSON, JUnit XML or a page that one can send to a vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.reports.html import as_html
from conformance.reports.json import as_json
from conformance.reports.junit import as_junit
from conformance.reports.text import as_text
from conformance.running import Run

REPORTS: Mapping[str, Callable[[Run], str]] = {"text": as_text, "json": as_json, "junit": as_junit, "html": as_html}
