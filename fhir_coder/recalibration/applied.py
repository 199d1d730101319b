"""A kept calibration as the review policy of the tenant that it was made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fhir_coder.disposition import Policy
from fhir_coder.recalibration.evidence import MadeBy
from fhir_coder.recalibration.kept import read, require_fitting


def calibrated(policy: Policy, data: Path, name: str, tenant: str, installed: MadeBy) -> Policy:
    """The site's policy with the floor and the curve of a calibration. Whether anything passes at all stays the site's setting.

    Raises ConfigurationError as :func:`fhir_coder.recalibration.kept.read` and :func:`fhir_coder.recalibration.kept.require_fitting` do.
    """
    kept = read(data, name)
    require_fitting(kept, tenant, installed)
    return replace(policy, pass_probability=kept.pass_probability, curve=kept.curve, calibration=kept.name)
