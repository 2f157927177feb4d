"""Comparisons as JUnit XML, which most continuous integration shows.

There is no standard; written is what the schema of Jenkins' xUnit plugin (junit-10.xsd) admits.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from kenning_lego.reports.comparisons.ci.cases import Case, cases_of
from kenning_lego.reports.comparisons.comparison import Comparison
from kenning_lego.reports.formats.text import one_line

_NAME = "kenning-lego compare"


def render_junit(comparisons: Mapping[str, Comparison], created: str, host: str) -> str:
    """A test suite for each comparison, with a case for each measurement.

    A case fails if it is slower beyond the threshold, and is skipped with too few samples to tell.

    Args:
        comparisons: by what is compared with what.
        created: when the later run was made; ISO 8601 without a time zone.
        host: that it was measured on.
    """
    suites = [_suite(name, each, created, host) for name, each in comparisons.items()]
    root = ElementTree.Element("testsuites", {"name": _NAME, **_totals(suites)})
    root.extend(suites)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(name: str, comparison: Comparison, created: str, host: str) -> ElementTree.Element:
    cases = tuple(cases_of(comparison))
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": one_line(name),
            "timestamp": created,
            "hostname": one_line(host) or "unknown",
            **_counts(cases),
            "errors": "0",
            "time": _seconds(sum(each.seconds or 0.0 for each in cases)),
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for key in ("threshold", "confidence"):
        value = f"{getattr(comparison, key):g}"
        ElementTree.SubElement(properties, "property", name=key, value=value)
    suite.extend(_case(one_line(name), each) for each in cases)
    told = [f"{each.name}: {each.said}" for each in cases]
    ElementTree.SubElement(suite, "system-out").text = "\n".join(told)
    warned = [f"warning: {one_line(each)}" for each in comparison.warnings]
    ElementTree.SubElement(suite, "system-err").text = "\n".join(warned)
    return suite


def _case(suite: str, case: Case) -> ElementTree.Element:
    found = ElementTree.Element(
        "testcase", classname=suite, name=case.name, time=_seconds(case.seconds or 0.0)
    )
    if case.state == "failed":
        failure = ElementTree.SubElement(found, "failure", message=case.said, type="regression")
        failure.text = case.medians
    elif case.state == "unknown":
        ElementTree.SubElement(found, "skipped", message=case.said)
    return found


def _counts(cases: tuple[Case, ...]) -> dict[str, str]:
    states = [each.state for each in cases]
    return {
        "tests": str(len(states)),
        "failures": str(states.count("failed")),
        "skipped": str(states.count("unknown")),
    }


def _totals(suites: list[ElementTree.Element]) -> dict[str, str]:
    keys = ("tests", "failures")
    return {key: str(sum(int(each.attrib[key]) for each in suites)) for key in keys}


def _seconds(value: float) -> str:
    return f"{value:.9f}"
