"""The pages on the wire protocol say what the code does: kinds, fields, bounds, codes, bytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import kenning_lego
from kenning_lego.core.specs import ITEM_BYTES
from kenning_lego.protocols.codec import MAX_HEADER_BYTES, Envelope, decode, encode
from kenning_lego.protocols.deployment_messages import WITHOUT_LEASE
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.leases import MAX_WAITING
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    MAX_ARTIFACT_BYTES,
    PROTOCOL_VERSION,
    UPLOAD_CREDITS,
    Hello,
    Kind,
    Lease,
    Observe,
)
from kenning_lego.protocols.session import MAX_QUEUED
from kenning_lego.servers.server import CAPABILITIES, MAX_FRAME_BYTES
from tests.wire import pages
from tests.wire.printed import EXAMPLES, frames_of, render
from tests.wire.samples import ANSWERS, MESSAGES
from tests.wire.tracing import Trace, tracing

ON_THE_WIRE = {kind for kind in Kind if kind < 64}
SHARED = {
    r".*\.(load|offer)\.engines\[\]": "load.engines[]",
    r".*\.load": "load",
    r".*bounds": "bounds",
    r".*\.spec\.(inputs|outputs)\[\]": "tensor",
    r".*\.spec": "specification",
    r".*\.(description|before|after)": "description",
    r"OK of OBSERVE\.deployments\[\]|OK of RECORD\.status": "status",
    r"DEPLOY\.source\.images": "images",
}
"""Maps that several messages have, and the name that the page gives them."""
BY_THE_SAMPLE = {
    ("OK of LOAD_TEST", "offered"): "integer, 0 to 2^62",
    ("OK of RECORD.configurations[]", "stages"): "array of integers, 0 to 65535, at most 1024",
}
"""Where a bound is what another field of the sample says."""
OF_MODEL = {"known": "optional boolean", "spec": "optional specification"}
"""A host reads nothing of MODEL's OK."""


@pytest.fixture(scope="module")
def trace() -> Trace:
    """What the code reads of all samples."""
    with tracing() as found:
        for message in MESSAGES:
            decode(encode(Envelope(1, message)))
        for request, answer in ANSWERS.items():
            answer.read(Fields(dict(answer.result), f"OK of {request}"))
    return found


def name_of(where: str) -> str:
    """The name of a map on the page."""
    return next((name for form, name in SHARED.items() if re.fullmatch(form, where)), where)


def expected(trace: Trace) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"OK of MODEL": OF_MODEL}
    for where in trace.types:
        for name, (kind, optional) in trace.rows(where).items():
            place = name_of(where)
            told = BY_THE_SAMPLE.get((place, name), kind)
            found.setdefault(place, {})[name] = f"optional {told}" if optional else told
    return found


def test_samples_have_every_kind() -> None:
    assert {message.kind for message in MESSAGES} == ON_THE_WIRE


def test_page_has_the_maps_that_the_code_reads(trace: Trace) -> None:
    assert pages.fields_on_page().keys() == expected(trace).keys()


def test_page_has_the_fields_that_the_code_reads(trace: Trace) -> None:
    assert pages.fields_on_page() == expected(trace)


def test_page_has_every_kind_with_its_number() -> None:
    (kinds,) = pages.tables(pages.section(pages.MESSAGES, "## Kinds"))
    assert {row[1]: int(row[0]) for row in kinds[1:]} == {
        kind.name: int(kind) for kind in ON_THE_WIRE
    }


def test_every_kind_has_a_section() -> None:
    headings = set(re.findall(r"(?m)^### ([A-Z_]+)$", pages.MESSAGES.read_text(encoding="utf-8")))
    assert headings == {kind.name for kind in ON_THE_WIRE}


def test_page_says_what_needs_the_lease() -> None:
    (kinds,) = pages.tables(pages.section(pages.MESSAGES, "## Kinds"))
    free = {row[1] for row in kinds[1:] if row[2] == "host" and row[3] != "yes"}
    assert free == {each.kind.name for each in (Hello, Lease, Observe, *WITHOUT_LEASE)}


def test_kinds_belong_to_the_base_or_to_a_capability() -> None:
    (kinds,) = pages.tables(pages.section(pages.MESSAGES, "## Kinds"))
    (capabilities,) = pages.tables(pages.section(pages.PROTOCOL, "### Capabilities"))
    told = {row[0].strip("`"): row[1] for row in capabilities[1:]}
    assert told.keys() == set(CAPABILITIES)
    for _, kind, _, _, owner, _ in kinds[1:]:
        assert owner == "base" or kind in told[owner.strip("`")]


def test_page_has_the_element_types() -> None:
    (dtypes,) = [
        each
        for each in pages.tables(pages.section(pages.PROTOCOL, "### Tensors"))
        if each[0][0] == "dtype"
    ]
    cells = [cell for row in dtypes[1:] for cell in row if cell]
    told = {cells[at].split("`")[1]: int(cells[at + 1]) for at in range(0, len(cells), 2)}
    assert told == ITEM_BYTES


def test_page_has_the_limits() -> None:
    (limits,) = pages.tables(pages.section(pages.PROTOCOL, "## Limits and timeouts"))
    told = {row[0]: row[1] for row in limits[1:]}
    assert told["header"] == f"{MAX_HEADER_BYTES >> 20} MiB"
    assert told["frame"].startswith(f"{MAX_FRAME_BYTES >> 20} MiB to the target")
    assert told["artifact"] == f"{MAX_ARTIFACT_BYTES >> 30} GiB"
    assert told["chunk"] == f"{CHUNK_BYTES >> 10} KiB"
    assert told["chunks under way"] == str(UPLOAD_CREDITS)
    assert told["requests that wait"] == str(MAX_QUEUED)
    assert told["hosts that wait for the lease"] == str(MAX_WAITING)


def test_page_is_of_this_version() -> None:
    text = pages.PROTOCOL.read_text(encoding="utf-8")
    assert f"This is version **{PROTOCOL_VERSION}**" in text


def codes_in(source: Path) -> Iterator[str]:
    """Codes of errors in a module: what stands where a code is given."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            place = {"Error": 0, "ProtocolError": 2, "refusal": 2}.get(called)
            given = [node.args[place]] if place is not None and place < len(node.args) else []
            given += [each.value for each in node.keywords if each.arg == "code"]
            for each in given:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value
        elif isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "code" for target in node.targets
        ):
            yield from (
                each.value
                for each in (node.value,)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def test_page_has_the_codes_of_errors() -> None:
    package = Path(kenning_lego.__file__).parent
    sources = [
        source
        for room in ("protocols", "servers")
        for source in (package / room).rglob("*.py")
        if not source.name.startswith("kenning_")
    ]
    found = {code for source in sources for code in codes_in(source)} - {""}
    found.add("bad_request")  # what remains, in the worker and at the desk of deployments
    (codes,) = pages.tables(pages.section(pages.PROTOCOL, "## Errors"))
    assert {row[0].strip("`") for row in codes[1:]} == found


@pytest.mark.parametrize("name", EXAMPLES)
def test_printed_bytes_are_the_codecs(name: str) -> None:
    printed = re.search(r"(?s)```text\n(.*?)\n```", pages.section(pages.EXAMPLES, f"## {name}"))
    assert printed, "the page has no bytes there"
    assert printed[1] == render(EXAMPLES[name])
    assert frames_of(printed[1]) == [bytes(frame) for frame in encode(EXAMPLES[name])]


def test_numbers_may_be_written_in_all_widths() -> None:
    header = bytes.fromhex("dd00000004 d30000000000000002 cf0000000000000011 d20000000a")
    body = bytes.fromhex("df00000002") + b"\xd9\x04wait\xc3" + b"\xdb\x00\x00\x00\x0aexpected_s"
    for number in ("ca40a00000", "cb4014000000000000", "05", "d10005", "cd0005"):
        found = decode([header + body + bytes.fromhex(number)])
        assert found == Envelope(10, Lease(wait=True, expected_s=5.0))


def test_printed_messages_are_in_the_sessions_order() -> None:
    headings = re.findall(r"(?m)^## (.*)$", pages.EXAMPLES.read_text(encoding="utf-8"))
    assert headings == list(EXAMPLES)


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in (pages.PROTOCOL, pages.MESSAGES, pages.EXAMPLES):
        for file, anchor in re.findall(
            r"\]\(([^)#:]*)(#[^)]*)?\)", page.read_text(encoding="utf-8")
        ):
            target = pages.DOCS / file if file else page
            assert target.is_file(), f"{page.name} links to {file}"
            headings = re.findall(r"(?m)^#+ (.*)$", target.read_text(encoding="utf-8"))
            assert not anchor or anchor[1:] in {anchor_of(each) for each in headings}, anchor


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
