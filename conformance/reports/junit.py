"""For build servers: JUnit XML, a test case for each requirement, a suite for each group of them."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree as ET

from conformance.reports.words import deciding, reason, word_of
from conformance.running import Judged, Run
from conformance.verdict import Verdict

_KEPT_OUT = {Verdict.SKIP, Verdict.OMIT, None}


def as_junit(run: Run) -> str:
    """The report. What was omitted or is not tested is a skipped test case, with the reason."""
    root = ET.Element("testsuites", name="conformance", time=f"{run.seconds:.3f}")
    for group, members in groupby(run.judged, key=lambda one: one.requirement.id.partition("-")[0]):
        root.append(_suite(group, list(members), run))
    ET.indent(root)
    return _clean(ET.tostring(root, encoding="unicode", xml_declaration=True))


def _suite(group: str, judged: list[Judged], run: Run) -> ET.Element:
    counts = {
        "failures": sum(one.verdict is Verdict.FAIL for one in judged),
        "errors": sum(one.verdict is Verdict.ERROR for one in judged),
        "skipped": sum(one.verdict in _KEPT_OUT for one in judged),
    }
    begun = run.begun.replace(tzinfo=None).isoformat(timespec="seconds")
    suite = ET.Element("testsuite", name=group, tests=str(len(judged)), timestamp=begun)
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    suite.extend(_case(group, one) for one in judged)
    return suite


def _case(group: str, judged: Judged) -> ET.Element:
    requirement = judged.requirement
    seconds = sum(one.seconds for one in judged.findings)
    case = ET.Element("testcase", classname=group, name=f"{requirement.id} {requirement.text}", time=f"{seconds:.3f}")
    if judged.verdict in _KEPT_OUT:
        ET.SubElement(case, "skipped", message=f"{word_of(judged.verdict)}: {reason(judged)}")
    elif judged.verdict is not Verdict.PASS:
        kind = "failure" if judged.verdict is Verdict.FAIL else "error"
        for one in deciding(judged):
            told = ET.SubElement(case, kind, message=f"expected {one.expected}", type=requirement.level.value)
            told.text = f"{one.check}\n{one.exchange}\nexpected {one.expected}\nreceived {one.received}"
    return case


def _clean(text: str) -> str:
    """Without characters that XML 1.0 does not have."""
    return "".join(
        one for one in text if one in "\t\n\r" or (ord(one) >= 0x20 and not 0xD800 <= ord(one) <= 0xDFFF and one not in "\ufffe\uffff")
    )
