"""Every context rule is right about its own example."""

from __future__ import annotations

import pytest
from marked import assert_marked

from fhir_coder.model import Experiencer, Presence, Temporality
from fhir_coder.reading.context import ContextRule, Direction, expand, load_rules, tokenize

RULES = load_rules().rules
DEFAULTS = (Presence.PRESENT, Experiencer.PATIENT, Temporality.CURRENT)
QUIET = (Direction.PSEUDO, Direction.TERMINATE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_decides_its_own_example(rule: ContextRule):
    assertion = assert_marked(rule.example)
    made = (assertion.presence, assertion.experiencer, assertion.temporality)
    if rule.direction in QUIET:
        assert made == DEFAULTS
        return
    for effect in rule.effects:
        assert effect in made
        assert effect in DEFAULTS or rule.id in assertion.cues


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.direction in QUIET], ids=lambda rule: rule.id)
def test_the_example_of_a_quiet_rule_needs_the_rule(rule: ContextRule):
    """Without the words of the pseudo or termination cue the same concept would be asserted otherwise, so the example proves something."""
    text = rule.example.replace("{", "").replace("}", "")
    cues = load_rules().find_cues(tokenize(text, 0, len(text)))
    assert rule.id in {cue.rule.id for cue in cues}


def test_ids_are_unique_and_each_rule_has_cues():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.cues and rule.effects for rule in RULES)


def test_there_are_hundreds_of_cue_phrases():
    assert len({phrase for rule in RULES for cue in rule.cues for phrase in expand(cue)}) >= 2000
    assert sum(len(rule.cues) for rule in RULES) >= 200


def test_groups_expand():
    assert list(expand("(a|b|) c")) == ["a c", "b c", "c"]
    assert list(expand("(-)")) == ["(-)"]
