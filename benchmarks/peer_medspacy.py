"""The peer of the speed benchmark: medspaCy's target matcher and ConText on our lexicon. Runs in an environment of its own, without our code.

usage: python peer_medspacy.py RULES.tsv NOTES.jsonl   (RULES: phrase, tab, codes joined by +). Prints one JSON object: seconds to load, seconds
for each note, and the codes of each note's asserted phrases.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

_DENIED = ("is_negated", "is_historical", "is_family", "is_hypothetical", "is_uncertain")


def main(rules: str, notes: str) -> None:
    """Load, code every note, print."""
    from loguru import logger

    logger.remove()  # PyRuSH logs sentences of the note
    started = time.perf_counter()
    pipeline = _pipeline(Path(rules))
    loaded = time.perf_counter() - started
    texts = [json.loads(line)["text"] for line in Path(notes).read_text(encoding="utf-8").splitlines()]
    pipeline(texts[0])
    times, codes = [], []
    for text in texts:
        started = time.perf_counter()
        found = pipeline(text)
        codes.append(sorted({code for entity in found.ents if _is_asserted(entity) for code in entity.label_.split("+")}))
        times.append(time.perf_counter() - started)
    print(json.dumps({"load": loaded, "times": times, "codes": codes}))


def _pipeline(rules: Path) -> Any:
    import medspacy
    from medspacy.target_matcher import TargetRule

    pipeline = medspacy.load()
    rows = (line.split("\t") for line in rules.read_text(encoding="utf-8").splitlines())
    pipeline.get_pipe("medspacy_target_matcher").add([TargetRule(phrase, codes) for phrase, codes in rows])
    return pipeline


def _is_asserted(entity: Any) -> bool:
    return not any(getattr(entity._, name) for name in _DENIED)


if __name__ == "__main__":
    main(*sys.argv[1:3])
