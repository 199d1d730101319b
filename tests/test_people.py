"""Roles and rights: what the table gives, where roles come from, and what a site may not write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.people import Person, Right, RoleRules, roles, split_launch, split_sign_in
from fhir_coder.tenant_settings import EhrSettings

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_there_are_the_five_roles() -> None:
    assert list(roles()) == ["coder", "second-reviewer", "auditor", "manager", "administrator"]


def test_the_documented_table_is_the_one_that_counts() -> None:
    page = (DOCS / "review.md").read_text(encoding="utf-8")
    header = next(line for line in page.splitlines() if line.startswith("| Right |"))
    columns = [cell.strip().strip("`") for cell in header.split("|")[3:-1]]
    assert columns == list(roles())
    for right in Right:
        cells = [
            cell.strip() for cell in next(line for line in page.splitlines() if line.startswith(f"| `{right.value}` |")).split("|")[2:-1]
        ]
        assert cells == [right.meaning, *("yes" if right in roles()[one].rights else "" for one in columns)]


def test_no_role_has_every_right_and_every_right_has_a_role() -> None:
    assert all(role.rights < set(Right) for role in roles().values())
    assert set().union(*(role.rights for role in roles().values())) == set(Right)


def test_who_runs_the_server_does_not_read_charts_without_a_reason() -> None:
    assert not roles()["administrator"].rights & {Right.REVIEW, Right.SEE_OTHERS, Right.CODE, Right.SIGN_OFF}


def test_rights_add_up_and_a_role_that_is_gone_gives_none() -> None:
    person = Person("p", "i", "s", roles=("coder", "auditor", "emperor"))
    assert person.may(Right.CODE) and person.may(Right.READ_AUDIT) and not person.may(Right.OVERRIDE_BLOCKING)
    assert person.titles == ("Coder", "Auditor")
    assert not any(Person("p", "i", "s").may(right) for right in Right)


RULES = RoleRules(
    ("coder",), {"Practitioner/7": ("manager", "coder"), "Practitioner/0": ("auditor",)}, "groups", {"rev": ("second-reviewer",)}
)
FOUND: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "named person, in the order of the table": ("Practitioner/7", {"groups": ["rev"]}, ("coder", "manager")),
    "claim as list": ("Practitioner/8", {"groups": ["x", "rev"]}, ("second-reviewer",)),
    "claim as text": ("Practitioner/8", {"groups": "rev"}, ("second-reviewer",)),
    "claim is not split": ("Practitioner/8", {"groups": "x rev"}, ("coder",)),
    "claim of another type": ("Practitioner/8", {"groups": {"rev": True}}, ("coder",)),
    "numbers in the claim": ("Practitioner/8", {"groups": [1, None]}, ("coder",)),
    "no claim": ("Practitioner/8", {}, ("coder",)),
    "a claim of the empty name": ("Practitioner/8", {"": "rev"}, ("coder",)),
}


@pytest.mark.parametrize(("person", "claims", "expected"), FOUND.values(), ids=FOUND)
def test_where_roles_come_from(person: str, claims: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert RULES.roles_of(person, claims) == expected


def test_without_rules_nobody_has_a_role() -> None:
    assert RoleRules().roles_of("Practitioner/7", {"": "coder", "roles": ["administrator"]}) == ()


def test_rules_are_taken_out_of_the_registration() -> None:
    rules, rest = split_launch({"client_id": "us", "role": "coder", "people": {"Practitioner/7": ["manager"]}})
    assert (rules, rest) == (RoleRules(("coder",), {"Practitioner/7": ("manager",)}), {"client_id": "us"})
    rules, rest = split_sign_in({"client_id": "us", "role_claim": "groups", "roles": {"a": "auditor"}, "people": {"s": "coder"}})
    assert (rules, rest) == (RoleRules((), {"s": ("coder",)}, "groups", {"a": ("auditor",)}), {"client_id": "us"})


UNUSABLE = [
    (split_launch, {"role": "emperor"}),
    (split_launch, {"role": []}),
    (split_launch, {"role": 5}),
    (split_launch, {"role": ["coder", 5]}),
    (split_launch, {"people": ["Practitioner/7"]}),
    (split_launch, {"people": {"": "coder"}}),
    (split_launch, {"people": {"Practitioner/7": []}}),
    (split_sign_in, {"role_claim": "groups"}),
    (split_sign_in, {"roles": {"a": "coder"}}),
    (split_sign_in, {"role_claim": 5, "roles": {"a": "coder"}}),
    (split_sign_in, {"role_claim": "groups", "roles": {"a": "emperor"}}),
]


@pytest.mark.parametrize(("split", "members"), UNUSABLE, ids=[f"{split.__name__} {number}" for number, (split, _) in enumerate(UNUSABLE)])
def test_what_cannot_be_used_stops_the_start(split: Any, members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^expected"):
        split(members)


def test_an_ehr_with_rules_can_still_be_a_key() -> None:
    rules, _ = split_launch({"people": {"Practitioner/7": "coder"}})
    assert len({EhrSettings("a", "https://a.example", roles=rules), EhrSettings("a", "https://a.example", roles=rules)}) == 1


def test_meanings_are_words_for_people() -> None:
    assert all(re.fullmatch(r"[a-z ,]+", right.meaning) for right in Right)
