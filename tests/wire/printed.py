"""Messages byte by byte, as docs/wire-examples.md prints them.

``python -m tests.wire.printed`` prints all of them, for whoever changes the page.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace

from kenning_lego.core.plans import (
    Composed,
    Measurement,
    Plan,
    PlanItem,
    PlanLog,
    Progress,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.protocols import messages as m
from kenning_lego.protocols.codec import Envelope, encode, pack_numbers
from kenning_lego.protocols.results import (
    Welcome,
    pack_composed,
    pack_statistics,
    pack_telemetry,
)

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
"""sha256 of the artifact, whose bytes are the four letters ``test``."""
_DESCRIPTION = TargetDescription({"machine": "riscv64", "cores": 2}, {"affine": "1"})
_SPEC = IOSpec((TensorSpec("x", (1, 2)),), (TensorSpec("y", (1,)),))
_PLAN = Plan((PlanItem("whole", (DIGEST,)),), "affine", max_rounds=3, min_rounds=3)
_LOG = PlanLog(0, 0, "max_rounds", 1, False, 0.0, (), 1, (5_000, 9_000, 13_000))
_STATISTICS, _SAMPLES = pack_statistics(
    Statistics(
        (Measurement("whole", (1_000, 1_100, 900), "max_rounds"),),
        {"engine": "affine", "version": "1", "threads": 1, "device": "CPU"},
        _DESCRIPTION,
        _DESCRIPTION,
        (_LOG,),
    )
)

EXAMPLES: Mapping[str, Envelope] = {
    "HELLO": Envelope(1, m.Hello("laptop", "0.1.0")),
    "OK of HELLO": Envelope(
        1, m.Ok(Welcome(m.PROTOCOL_VERSION, "target-c 1", ("plan",), _DESCRIPTION).to_result())
    ),
    "LEASE": Envelope(2, m.Lease()),
    "ERROR": Envelope(2, m.Error("busy", "laptop holds it", "try again later")),
    "MODEL": Envelope(3, m.Model(DIGEST, 4)),
    "CREDIT": Envelope(3, m.Credit(0, 16)),
    "CHUNK": Envelope(3, m.Chunk(0), (b"test",)),
    "OK of MODEL": Envelope(3, m.Ok({"known": False})),
    "COMPOSE": Envelope(4, m.Compose((DIGEST,), m.Load("affine", 1, 1))),
    "OK of COMPOSE": Envelope(4, m.Ok(pack_composed(Composed(_SPEC)))),
    "INFER": Envelope(5, m.Infer(), (struct.pack("<2f", 1.0, -2.5),)),
    "OK of INFER": Envelope(5, m.Ok({"duration_ns": 1_250}), (struct.pack("<f", 0.5),)),
    "PLAN": Envelope(6, m.RunPlan(replace(_PLAN, warmup_rounds=1, max_seconds=2.5))),
    "EVENT": Envelope(6, m.Event(Progress(2, 3, 0.25))),
    "OK of PLAN": Envelope(6, m.Ok({})),
    "STATS": Envelope(7, m.Stats()),
    "OK of STATS": Envelope(7, m.Ok(_STATISTICS), _SAMPLES),
    "OK of TELEMETRY": Envelope(
        8,
        m.Ok(pack_telemetry(Telemetry(absent={"all": "no sensors"}))),
        (pack_numbers(()),),
    ),
    "BYE": Envelope(9, m.Bye()),
}
"""By the name under which the page prints them: one session, from the first message to the last."""

_WIDTH = 16
"""Bytes in a line."""


def render(envelope: Envelope) -> str:
    """A message as the page prints it: bytes, and what they are."""
    header, *payload = (bytes(frame) for frame in encode(envelope))
    lines = [f"frame 0, {len(header)} bytes", *_lines(_elements(header))]
    for number, frame in enumerate(payload, 1):
        lines += [f"frame {number}, {len(frame)} bytes", *_lines([(frame, "payload")])]
    return "\n".join(lines)


def frames_of(block: str) -> list[bytes]:
    """The frames that a printed block shows."""
    frames: list[bytearray] = []
    for line in block.splitlines():
        if line.startswith("frame "):
            frames.append(bytearray())
        else:
            frames[-1] += bytes.fromhex(line.partition("  ")[0])
    return [bytes(frame) for frame in frames]


def _lines(elements: list[tuple[bytes, str]]) -> Iterator[str]:
    for piece, meaning in elements:
        for at in range(0, len(piece), _WIDTH):
            shown = piece[at : at + _WIDTH].hex(" ")
            yield f"{shown:<{3 * _WIDTH}} {meaning}" if at == 0 else shown


def _elements(content: bytes) -> list[tuple[bytes, str]]:
    """What stands in a header, element by element; of msgpack's types those that we write."""
    found: list[tuple[bytes, str]] = []
    at = 0
    while at < len(content):
        size, meaning = _element(content, at)
        found.append((content[at : at + size], _PLACES.get(len(found), "{}").format(meaning)))
        at += size
    return found


_PLACES = {0: "header: {}", 1: "version: {}", 2: "kind: {}", 3: "id: {}", 4: "body: {}"}


def _element(content: bytes, at: int) -> tuple[int, str]:
    first = content[at]
    if first < 0x80:
        return 1, str(first)
    if first < 0x90:
        return 1, f"map of {first & 0x0F}"
    if first < 0xA0:
        return 1, f"array of {first & 0x0F}"
    if first < 0xC0:
        return _text(content, at, 1, first & 0x1F)
    if first in _CONSTANTS:
        return 1, _CONSTANTS[first]
    if first == 0xD9:
        return _text(content, at, 2, content[at + 1])
    if first == 0xDE:
        return 3, f"map of {int.from_bytes(content[at + 1 : at + 3], 'big')}"
    form = _FORMS[first]
    size = struct.calcsize(form)
    (value,) = struct.unpack(form, content[at + 1 : at + 1 + size])
    return 1 + size, f"{value}"


def _text(content: bytes, at: int, head: int, size: int) -> tuple[int, str]:
    text = content[at + head : at + head + size].decode()
    return head + size, f'"{text}"' if size <= _WIDTH else f"text of {size}"


_CONSTANTS = {0xC2: "false", 0xC3: "true"}
_FORMS = {0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}


if __name__ == "__main__":
    for name, envelope in EXAMPLES.items():
        print(f"## {name}\n\n```text\n{render(envelope)}\n```\n")
