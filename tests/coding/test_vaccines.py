"""What may not be made of a sentence about a vaccine."""

from __future__ import annotations

import pytest

from fhir_coder.coding.vaccines import is_about_its_vaccine
from fhir_coder.model import Candidate


@pytest.mark.parametrize(
    ("sentence", "code", "source", "is_dropped"),
    [
        ("Declined COVID-19 vaccine.", "U07.1", "retrieval:title:U07.1", True),
        ("COVID-19 booster due.", "Z20.822", "retrieval:title:Z20.822", True),
        ("Influenza and COVID-19 vaccines declined.", "J11.1", "retrieval:title:J11.1", True),
        ("Fully vaccinated against COVID-19.", "Z28.310", "retrieval:title:Z28.310", True),
        ("Unvaccinated for COVID-19.", "Z28.310", "lexicon:history_status:unvaccinated", False),
        ("COVID-19 infection in an unvaccinated patient.", "U07.1", "retrieval:title:U07.1", False),
        ("Covid positive, vaccinated.", "U07.1", "retrieval:title:U07.1", False),
        ("Influenza.", "J11.1", "retrieval:title:J11.1", False),
        ("Reaction to vaccine.", "T88.1XXA", "retrieval:title:T88.1", False),
        ("COVID-19: declined.", "U07.1", "lexicon:infectious_disease:covid-19", True),
        ("COVID: 2 doses", "U07.1", "lexicon:infectious_disease:covid", True),
        ("Flu shot today, COVID-19 next visit", "U07.1", "lexicon:infectious_disease:covid-19", True),
        ("Influenza (Fluzone): up to date.", "J11.1", "lexicon:pulmonology:influenza", True),
        ("Shingles: series complete.", "B02.9", "lexicon:dermatology:shingles", True),
        ("COVID-19, Paxlovid declined.", "U07.1", "lexicon:infectious_disease:covid-19", False),
        ("COVID-19, declined admission.", "U07.1", "lexicon:infectious_disease:covid-19", False),
        ("Influenza, 2 days of fever.", "J11.1", "lexicon:pulmonology:influenza", False),
        ("Shot in the foot.", "J11.1", "retrieval:title:J11.1", False),
    ],
)
def test_a_vaccine_names_what_it_prevents(sentence: str, code: str, source: str, is_dropped: bool) -> None:
    assert is_about_its_vaccine(Candidate(0, code, 0.9, 0.9, 0.9, source), sentence) is is_dropped
