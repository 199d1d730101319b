"""Calibrations as files: named by what they hold, and never changed. They hold counts, dates and versions, nothing of a patient."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fhir_coder.confidence import Curve
from fhir_coder.errors import ConfigurationError
from fhir_coder.recalibration.calibrating import Calibrated
from fhir_coder.recalibration.evidence import MadeBy

FORMAT = "fhir-coder calibration 1"
NAME = re.compile(r"[A-Za-z0-9.-]{1,64}-[0-9a-f]{12}", re.ASCII)
"""Tenant and the beginning of the content's sha256; to be matched whole."""


@dataclass(frozen=True, slots=True)
class KeptCalibration:
    """What a tenant's codings are decided by: the floor, the curve that probabilities are read by, and what it was made for."""

    name: str
    tenant: str
    made_by: MadeBy
    pass_probability: float
    curve: Curve


def content_of(tenant: str, calibrated: Calibrated) -> dict[str, Any]:
    """What the file says, as JSON values; the same evidence gives the same content."""
    evidence = calibrated.evidence
    return {
        "format": FORMAT,
        "tenant": tenant,
        "made_for": asdict(evidence.made_by),
        "pass_probability": calibrated.found.floor,
        "curve": asdict(calibrated.curve),
        "wanted": asdict(calibrated.wanted),
        "made_from": {
            "encounters": len(evidence.encounters),
            "held_out": len(evidence.parts[1]),
            "of_known_patients": evidence.known_patients,
            "signed_again": evidence.signed_again,
            "codes": evidence.codes,
            "not_kept": evidence.wrong,
            "unopened": evidence.unopened,
            "unopened_counted": evidence.with_unopened,
            "of_other_models": evidence.of_others,
            "first_signed": evidence.encounters[0].signed_on.isoformat(),
            "last_signed": evidence.encounters[-1].signed_on.isoformat(),
            "releases": dict(sorted(Counter(one.release for one in evidence.encounters).items())),
            "engines": dict(sorted(Counter(one.engine for one in evidence.encounters).items())),
            "share_of_one_person": round(evidence.share_of_one_person, 4),
        },
        "older": asdict(calibrated.found),
        "newest": asdict(calibrated.confirmed),
        "refit": asdict(calibrated.refit) if calibrated.refit else None,
        "warnings": list(calibrated.warnings),
    }


def folder_of(data: Path) -> Path:
    """Where calibrations lie in the data folder."""
    return data / "calibrations"


def keep(data: Path, content: dict[str, Any]) -> tuple[str, Path]:
    """Write a calibration, mode 600, whole or not at all; its name and file. The same once more changes nothing. Raises ConfigurationError."""
    text = _text(content)
    name = f"{content['tenant']}-{sha256(text.encode()).hexdigest()[:12]}"
    target = folder_of(data) / f"{name}.json"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        partial.replace(target)
    except OSError as error:
        raise ConfigurationError(f"FHIR_CODER_DATA: {target.parent} cannot be written ({error.strerror})") from error
    return name, target


def read(data: Path, name: str) -> KeptCalibration:
    """A calibration by its name. Raises ConfigurationError where there is none, and for a file that is not what its name says."""
    file = folder_of(data) / f"{name}.json"
    if not NAME.fullmatch(name) or not file.is_file():
        raise ConfigurationError(f"there is no calibration {name!r} in {folder_of(data)}; fhir-coder calibrate --write makes one")
    raw = file.read_bytes()
    if sha256(raw).hexdigest()[:12] != name[-12:]:
        raise ConfigurationError(f"{file} was changed since it was made: its content is not what its name says")
    try:
        content = json.loads(raw)
        if content["format"] != FORMAT:
            raise ConfigurationError(f"{file} is of another version of this software: make the calibration anew")
        made_by, curve = MadeBy(**content["made_for"]), Curve(**content["curve"])
        return KeptCalibration(name, content["tenant"], made_by, float(content["pass_probability"]), curve)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{file} is no calibration") from error


def require_fitting(calibration: KeptCalibration, tenant: str, installed: MadeBy) -> None:
    """Raises ConfigurationError for a calibration of another tenant, and for one of probabilities that another model gave."""
    if calibration.tenant != tenant:
        raise ConfigurationError(
            f"tenant {tenant}: calibration {calibration.name} was made from the decisions of tenant {calibration.tenant}"
        )
    if calibration.made_by != installed:
        made, now = calibration.made_by, installed
        raise ConfigurationError(
            f"tenant {tenant}: calibration {calibration.name} was made for ranker {made.ranker} with model {made.model}; installed are {now.ranker} and "
            f"{now.model}. Take the member calibration out of FHIR_CODER_TENANTS, or make a calibration anew"
        )


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
