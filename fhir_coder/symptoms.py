"""Which codes are signs and symptoms (Official Guidelines I.B.4, I.C.18)."""

from __future__ import annotations

import re

from terminology.codebook import Codebook
from terminology.detail import is_unspecified

_PAIN = re.compile(r"\bpain\b", re.IGNORECASE)


def is_symptom(codebook: Codebook, code: str) -> bool:
    """A sign or symptom: R00-R69, pain of a joint, limb or back in chapter 13, or an abnormal finding (R70-R97) that its title leaves
    unspecified, such as "abnormal labs". Other abnormal findings are integral to nothing."""
    title = codebook.title(code)
    return (
        "R00" <= code < "R70"
        or (code.startswith(("M25.5", "M54", "M79")) and bool(_PAIN.search(title)))
        or ("R70" <= code[:3] <= "R97" and is_unspecified(title))
    )
