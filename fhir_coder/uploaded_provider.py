"""What the provider of uploaded notes is called: by the name that a person typed, beside the NPI where there is one."""

from __future__ import annotations

import re
from hashlib import sha256

_BY_NAME = re.compile(r"upload-([0-9a-f]{6})[0-9a-f]{18}", re.ASCII)


def id_by_name(name: str) -> str:
    """The id of a provider without an NPI: one for one name, and no words of it, as ids are kept in plain."""
    return f"upload-{sha256(name.encode()).hexdigest()[:24]}"


def called(reference: str, name: str) -> str:
    """The provider of that reference in words; ``name`` is empty where none is kept, and then a reference that is no hash stays as it is."""
    own_id = reference.rpartition("/")[2]
    if by_name := _BY_NAME.fullmatch(own_id):
        return name or f"name not kept ({by_name[1]})"
    return f"{name} ({own_id})" if name else reference
