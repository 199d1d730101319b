"""``discovery`` of an EHR in FHIR_CODER_TENANTS: what is read, and what stops the start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_coder.discovery_settings import Discovery, Way, WayName, read_discovery
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import read_tenants


def test_defaults() -> None:
    found = read_discovery([{"way": "updated"}, {"way": "by-date"}])
    assert found == Discovery((Way(WayName.UPDATED, back_days=1), Way(WayName.BY_DATE, back_days=7)))
    assert (found.settle_minutes, found.look_minutes, found.wait_days, found.reread_minutes, found.reread_days) == (15, 5, 30, 60, 7)
    assert (found.write_back, found.compare_minutes) == (False, 1440)
    (way,) = read_discovery([{"way": "export", "group": "g1"}]).ways
    assert (way.group, way.every_minutes, way.back_days) == ("g1", 1440, 1)


def test_an_ehr_has_none_unless_it_is_configured() -> None:
    rows = [{"id": "north", "ehrs": [{"id": "a", "base_url": "https://a.example"}]}]
    assert read_tenants(json.dumps(rows))[0].ehrs[0].discovery is None
    rows[0]["ehrs"][0]["discovery"] = {"ways": [{"way": "drop", "folder": "/x"}], "settle_minutes": 0}  # type: ignore[index]
    (ehr,) = read_tenants(json.dumps(rows))[0].ehrs
    assert ehr.discovery is not None and ehr.discovery.ways[0].folder == "/x"
    assert hash(ehr) == hash(ehr)  # clients are found by it


WRONG: dict[str, Any] = {
    "no way": {"ways": []},
    "a word": {"ways": "updated"},
    "an unknown way": {"ways": [{"way": "subscription"}]},
    "a way twice": {"ways": [{"way": "updated"}, {"way": "updated"}]},
    "a member of another way": {"ways": [{"way": "updated", "folder": "/x"}]},
    "an unknown member": {"ways": [{"way": "updated"}], "settle": 1},
    "nobody": {"ways": [{"way": "by-patient"}]},
    "both": {"ways": [{"way": "by-patient", "ids": ["a"], "file": "/x"}]},
    "no ids": {"ways": [{"way": "by-patient", "ids": ["a b"]}]},
    "ids as text": {"ways": [{"way": "by-patient", "ids": "abc"}]},
    "a file that is nowhere": {"ways": [{"way": "by-patient", "file": "people.txt"}]},
    "no folder": {"ways": [{"way": "drop"}]},
    "a folder that is nowhere": {"ways": [{"way": "drop", "folder": "drop"}]},
    "no group": {"ways": [{"way": "export"}]},
    "a group that is a path": {"ways": [{"way": "export", "group": "../Patient"}]},
    "exports without pause": {"ways": [{"way": "export", "group": "g1", "every_minutes": 1}]},
    "comparing never and less": {"ways": [{"way": "updated"}], "compare_minutes": -1},
    "a system without identifier": {"ways": [{"way": "hl7", "system": "urn:x"}]},
    "another kind of visit": {"ways": [{"way": "hl7", "visit": "account"}]},
    "a bar in the system": {"ways": [{"way": "hl7", "visit": "identifier", "system": "urn:x|y"}]},
    "a sender of two lines": {"ways": [{"way": "hl7", "facility": "A\rB"}]},
    "no number": {"ways": [{"way": "updated"}], "settle_minutes": "15"},
    "true": {"ways": [{"way": "updated"}], "reread_days": True},
    "too small": {"ways": [{"way": "updated"}], "look_minutes": 0},
    "too large": {"ways": [{"way": "updated", "back_days": 401}]},
    "write_back as text": {"ways": [{"way": "updated"}], "write_back": "yes"},
}


@pytest.mark.parametrize("discovery", WRONG.values(), ids=WRONG.keys())
def test_a_mistake_stops_the_start_and_is_not_repeated(discovery: dict[str, Any]) -> None:
    rows = [{"id": "north", "ehrs": [{"id": "a", "base_url": "https://a.example", "discovery": discovery}]}]
    with pytest.raises(ConfigurationError, match="FHIR_CODER_TENANTS"):
        Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps(rows)})
