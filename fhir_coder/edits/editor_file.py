"""Reading the "simple code edits" of a Medicare Code Editor: tab separated, one code of one list a line.

Columns: MCE_Version, ICD_Version, MCE_Section, MCE_Subsection, MCE_Edit_Type, ICD_Code_Type, ICD_Code, ICD_Desc. Taken are the diagnoses of the lists that
``editor_groups.tsv`` names; procedures and every other list are left.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass

from fhir_coder.edits.lists import EDITOR
from fhir_coder.edits.tables import read_table
from terminology.notation import CODE, dotted

_COLUMNS = frozenset({"MCE_Version", "ICD_Version", "MCE_Edit_Type", "ICD_Code_Type", "ICD_Code"})
_ICD_10, _DIAGNOSIS = "10", "D"
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class EditorFile:
    """What a file holds: the codes taken (list, compact code), how many of each list, how many lines of each list were left, and the source to name."""

    codes: tuple[tuple[str, str], ...]
    taken: Counter[str]
    left: Counter[str]
    source: str

    def table(self) -> str:
        """The loaded lists as they are kept."""
        rows = "".join(f"{name}\t{code}\t{self.source}\n" for name, code in self.codes)
        return f"# Lists of a Medicare Code Editor, loaded by this site.\nlist\tcode\tsource\n{rows}"


def read_editor_file(text: str, year: str) -> EditorFile:
    """Read a file for a fiscal year ("FY2026"). Raises ValueError when it is not such a file or lacks one of the lists."""
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or not rows[0].keys() >= _COLUMNS:
        raise ValueError(f"not simple code edits: the first line must name {', '.join(sorted(_COLUMNS))}")
    wanted = {row["list"] for row in read_table("editor_groups.tsv")}
    taken = [row for row in rows if row["MCE_Edit_Type"] in wanted and row["ICD_Version"] == _ICD_10 and row["ICD_Code_Type"] == _DIAGNOSIS]
    codes = tuple(dict.fromkeys((row["MCE_Edit_Type"], row["ICD_Code"]) for row in taken))
    bad = [code for _, code in codes if not CODE.fullmatch(dotted(code))]
    missing = sorted(wanted - {name for name, _ in codes})
    versions = {row["MCE_Version"] for row in taken}
    if bad or missing:
        raise ValueError(f"not a code: {bad[0][:12]!r}" if bad else f"it lacks the lists {', '.join(missing)}")
    if len(versions) != 1 or not all(map(_VERSION.fullmatch, versions)):
        raise ValueError("its lines are not of one version of the editor")
    left = Counter(str(row["MCE_Edit_Type"]) for row in rows) - Counter(str(row["MCE_Edit_Type"]) for row in taken)
    return EditorFile(codes, Counter(name for name, _ in codes), left, f"{EDITOR} v{versions.pop()} ({year})")
