"""Screenings and vaccines that were turned down or had elsewhere."""

from __future__ import annotations

import pytest

from fhir_coder.reading.turned_down import is_turned_down


@pytest.mark.parametrize(
    ("text", "words", "code", "expected"),
    [
        ("STI screen offered, pt declined.", "STI screen", "Z11.3", True),
        ("declines STI screen", "STI screen", "Z11.3", True),
        ("mammogram screening refused", "mammogram screening", "Z12.31", True),
        ("flu shot at pharmacy last week", "flu shot", "Z23", True),
        ("HIV screening today, declined flu shot", "HIV screening", "Z11.4", False),
        ("STI screen sent; declines PrEP", "STI screen", "Z11.3", False),
        ("flu shot given", "flu shot", "Z23", False),
        ("She should have the flu vaccine in October", "flu vaccine", "Z23", True),
        ("Immunizations are current except for the influenza vaccine", "influenza vaccine", "Z23", True),
        ("The influenza vaccine can be given when he comes back", "influenza vaccine", "Z23", True),
        ("The flu shot was given at her church", "flu shot", "Z23", True),
        ("Flu shot when it arrives", "Flu shot", "Z23", True),
        ("due for flu shot, which he will get with his wife", "flu shot", "Z23", True),
        ("Flu shot given in the left deltoid", "Flu shot", "Z23", False),
        ("We gave the flu shot", "flu shot", "Z23", False),
        ("vaccine declined", "vaccine declined", "Z28.21", False),
    ],
)
def test_turned_down(text: str, words: str, code: str, expected: bool) -> None:
    start = text.index(words)
    assert is_turned_down((code,), text, start, start + len(words)) is expected
