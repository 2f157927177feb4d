"""Valid messages of every kind, and seeded ways to spoil them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.loads import LoadPlan
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols.codec import Envelope, encode
from kenning_lego.protocols.live_messages import LIVE_REQUESTS, Preload, SwitchTo
from kenning_lego.protocols.messages import (
    ANSWERS,
    REQUESTS,
    AskTelemetry,
    Bye,
    Cancel,
    Chunk,
    Compose,
    Credit,
    Data,
    Error,
    Event,
    Hello,
    Infer,
    Lease,
    Load,
    MeasureFootprint,
    Message,
    Model,
    Observe,
    Ok,
    Output,
    Process,
    RunLoadTest,
    RunPlan,
    Stats,
)

Frames = list[bytes]

_DIGEST = "ab" * 32
_LOAD = Load("onnxruntime", 1, 1)
_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63 - 1,
    2**64 - 1,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "../../etc/passwd",
    "x" * 5000,
    b"",
    b"\xff" * 100,
    [],
    [[]] * 50,
    {},
    {"a": {"b": {"c": {}}}},
    msgpack.ExtType(5, b"code"),
)


def valid_messages() -> list[Frames]:
    """At least one message of every kind, as it goes over the wire.

    Raises:
        RuntimeError: the protocol has a kind that is not among them.
    """
    examples: list[tuple[Message, tuple[bytes, ...]]] = [
        (Hello("host", "1.0"), ()),
        (Observe(), ()),
        (Lease(), ()),
        (Lease(wait=True, expected_s=1.0), ()),
        (Model(_DIGEST, 1000), ()),
        (Model(_DIGEST, 1000, _LOAD), ()),
        (Chunk(0), (b"c" * 1000,)),
        (Compose((_DIGEST,), _LOAD), ()),
        (Data(), (bytes(12_288),)),
        (Process(), ()),
        (Process(acknowledge=True), ()),
        (Output(), ()),
        (Infer(), (bytes(12_288),)),
        (RunPlan(Plan((PlanItem("item", (_DIGEST,)),), max_seconds=0.1)), ()),
        (RunLoadTest(LoadPlan((_DIGEST,), max_seconds=0.1, min_seconds=0.0)), ()),
        (MeasureFootprint(FootprintPlan((_DIGEST,), repeats=1, max_seconds=1.0)), ()),
        (SwitchTo((_DIGEST,), memory_bytes=1_000_000), ()),
        (Preload((_DIGEST,)), ()),
        (Cancel(), ()),
        (Stats(), ()),
        (AskTelemetry(), ()),
        (Bye(), ()),
        (Ok({"duration_ns": 1}), (bytes(40),)),
        (Error("busy", "problem", "remedy"), ()),
        (Credit(0, 4), ()),
        (Event(Progress(1, 2, 0.5)), ()),
    ]
    known = (*REQUESTS, *ANSWERS, *LIVE_REQUESTS)
    missing = {t.kind for t in known} - {m.kind for m, _ in examples}
    if missing:
        raise RuntimeError(f"no example of {', '.join(kind.name for kind in missing)}")
    return [
        [bytes(frame) for frame in encode(Envelope(number, message, payload))]
        for number, (message, payload) in enumerate(examples, 1)
    ]


def mutate(frames: Sequence[bytes], rng: random.Random) -> Frames:
    """One to three random changes to a message; the result may by chance be valid."""
    spoiled = list(frames)
    for _ in range(rng.randint(1, 3)):
        rng.choice(_WAYS)(spoiled, rng)
    return spoiled


def _flip_bits(frames: Frames, rng: random.Random) -> None:
    content = bytearray(frames[0])
    for _ in range(rng.randint(1, 8)):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    frames[0] = bytes(content)


def _cut(frames: Frames, rng: random.Random) -> None:
    frames[0] = frames[0][: rng.randint(0, len(frames[0]))]


def _lengthen(frames: Frames, rng: random.Random) -> None:
    frames[0] += rng.randbytes(rng.randint(1, 64))


def _replace_header(frames: Frames, rng: random.Random) -> None:
    frames[0] = rng.randbytes(rng.randint(0, 200))


def _nest(frames: Frames, rng: random.Random) -> None:
    # Arrays in arrays, deeper than any reader should follow.
    frames[0] = b"\x91" * rng.choice((10, 600, 5000, 100_000)) + frames[0]


def _claim_length(frames: Frames, rng: random.Random) -> None:
    # An array, a map, a text or bytes with more entries than there are bytes.
    frames[0] = rng.choice((b"\xdd", b"\xdf", b"\xdb", b"\xc6")) + b"\xff\xff\xff\xf0" + frames[0]


def _spoil_field(frames: Frames, rng: random.Random) -> None:
    try:
        header = msgpack.unpackb(frames[0], strict_map_key=False)
    except (ValueError, TypeError, RecursionError):
        return  # spoiled before
    if not isinstance(header, list) or not header:
        return
    place = rng.randrange(len(header))
    body = header[-1]
    if place == len(header) - 1 and isinstance(body, dict) and body:
        name = rng.choice(list(body))
        rng.choice((_change_value, _drop_value, _rename_value))(body, name, rng)
    else:
        header[place] = rng.choice(_ODD)
    try:
        frames[0] = msgpack.packb(header)
    except (ValueError, TypeError, OverflowError):
        frames[0] = b""  # what was made cannot be written


def _change_value(body: dict[Any, Any], name: Any, rng: random.Random) -> None:
    body[name] = rng.choice(_ODD)


def _drop_value(body: dict[Any, Any], name: Any, _rng: random.Random) -> None:
    del body[name]


def _rename_value(body: dict[Any, Any], name: Any, rng: random.Random) -> None:
    body[f"{name}{rng.randrange(10)}"] = body[name]


def _drop_payload(frames: Frames, _rng: random.Random) -> None:
    del frames[1:]


def _add_payload(frames: Frames, rng: random.Random) -> None:
    frames += [rng.randbytes(rng.choice((0, 1, 100, 12_288)))] * rng.choice((1, 1, 1, 2, 50))


def _resize_payload(frames: Frames, rng: random.Random) -> None:
    if len(frames) > 1:
        frames[-1] = bytes(rng.choice((0, 1, 12_287, 12_289, 30_000)))


def _swap_frames(frames: Frames, rng: random.Random) -> None:
    rng.shuffle(frames)


_WAYS: tuple[Callable[[Frames, random.Random], None], ...] = (
    _flip_bits,
    _cut,
    _lengthen,
    _replace_header,
    _nest,
    _claim_length,
    _spoil_field,
    _spoil_field,
    _spoil_field,
    _drop_payload,
    _add_payload,
    _resize_payload,
    _swap_frames,
)
