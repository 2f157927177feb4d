"""Rounds that outlive the worker that timed them.

The server keeps an anonymous file for as long as a host has the lease, and each worker of that
lease inherits it. A worker appends its finished rounds to it now and then; the one that takes a
dead worker's place reads them, so that STATS tells them like any others. The server itself never
looks inside.

The content is a stream of msgpack maps: the head of a plan's cohort, pieces of its rounds, and how
it ended. What a killed worker left half-written at the end is left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgpack

from kenning_lego.core.plans import Measurement, PlanLog
from kenning_lego.protocols.codec import pack_samples, unpack_samples

if TYPE_CHECKING:  # it needs numpy, which the server does without
    from kenning_lego.servers.rounds import Timed

DIED = "worker_died"
"""Why a plan ended of which the end was never written."""
INTERVAL_S = 0.5
MAX_BYTES = 64 << 20
"""It lies in memory; what would exceed this is not kept."""


class JournalFile:
    """The server's hold on a lease's journal."""

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def fileno(self) -> int:
        """Its descriptor; the file is made when first asked for.

        Raises:
            OSError: this machine has no memory or descriptor to spare.
        """
        if self._descriptor is None:
            self._descriptor = os.memfd_create("kenning-lego-journal", os.MFD_CLOEXEC)
        return self._descriptor

    def forget(self) -> None:
        """Let go of what the lease measured."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True)
class Column:
    """An item whose samples are kept.

    Args:
        index: in the plan.
        name: of the item.
        per_round: its samples in a round.
        loops: see :class:`kenning_lego.core.plans.Measurement`.
    """

    index: int
    name: str
    per_round: int
    loops: int


class Journal:
    """Appends a cohort's rounds to the file.

    Args:
        descriptor: of the file, which stays the caller's.
        columns: the items.
        log: of the cohort before it began.
    """

    def __init__(self, descriptor: int, columns: Sequence[Column], log: PlanLog) -> None:
        self._descriptor = descriptor
        self._columns = columns
        self._passes = log.per_round
        self._kept = 0
        self._full = False
        self._next = time.monotonic() + INTERVAL_S
        names = [each.name for each in columns]
        per_round, loops = [each.per_round for each in columns], [each.loops for each in columns]
        self._append({"names": names, "per_round": per_round, "loops": loops, "log": _facts(log)})

    def note(self, timed: Timed) -> None:
        """Append the rounds that are not there yet, unless it was done a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + INTERVAL_S
            self._flush(timed)

    def end(self, timed: Timed, log: PlanLog) -> None:
        """Append what is left, and how the cohort ended."""
        self._flush(timed)
        self._append({"end": _facts(log)})

    def _flush(self, timed: Timed) -> None:
        if self._full:
            return  # what fits again later would leave a gap before it
        kept, self._kept = self._kept, len(timed.round_ends_ns)
        self._full = not self._append(
            {
                "samples": [
                    pack_samples(timed.samples[each.index][kept * each.per_round :])
                    for each in self._columns
                ],
                "reference": pack_samples(timed.reference[kept * self._passes :]),
                "ends": pack_samples(timed.round_ends_ns[kept:]),
            }
        )

    def _append(self, record: Mapping[str, Any]) -> bool:
        """Whether there was room for it."""
        content = msgpack.packb(record)
        if os.lseek(self._descriptor, 0, os.SEEK_END) + len(content) > MAX_BYTES:
            return False
        os.write(self._descriptor, content)
        return True


@dataclass(slots=True)
class _Found:
    """A cohort as far as it was written."""

    head: Mapping[str, Any]
    samples: list[list[int]]
    reference: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    end: Mapping[str, Any] | None = None


def recover(descriptor: int) -> tuple[list[Measurement], list[PlanLog]]:
    """What earlier workers of the lease measured; of an item's last plan only."""
    found: list[_Found] = []
    for record in _records(descriptor):
        if "names" in record:
            found.append(_Found(record, [[] for _ in record["names"]]))
        elif "end" in record:
            found[-1].end = record["end"]
        else:
            for values, piece in zip(found[-1].samples, record["samples"], strict=True):
                values.extend(unpack_samples(piece))
            found[-1].reference.extend(unpack_samples(record["reference"]))
            found[-1].ends.extend(unpack_samples(record["ends"]))
    measurements: dict[str, Measurement] = {}
    logs = []
    for each in found:
        log = PlanLog(
            **(each.end or {**each.head["log"], "stopped": DIED}),
            reference_ns=tuple(each.reference),
            round_ends_ns=tuple(each.ends),
        )
        logs.append(log)
        columns = (each.head["names"], each.samples, each.head["per_round"], each.head["loops"])
        for name, values, per_round, loops in zip(*columns, strict=True):
            measurements[name] = Measurement(
                name, tuple(values), log.stopped, per_round, loops, log.cohort, log.plan
            )
    return list(measurements.values()), logs


def _records(descriptor: int) -> Iterator[Mapping[str, Any]]:
    """The whole records; the next worker writes behind the last of them."""
    content = os.pread(descriptor, MAX_BYTES, 0)
    unpacker = msgpack.Unpacker(max_buffer_size=MAX_BYTES)
    unpacker.feed(content)
    whole = 0
    for record in unpacker:
        whole = unpacker.tell()
        yield record
    os.ftruncate(descriptor, whole)


def _facts(log: PlanLog) -> dict[str, Any]:
    """All of a log but its samples and times."""
    return {
        "plan": log.plan,
        "cohort": log.cohort,
        "stopped": log.stopped,
        "warmup_rounds": log.warmup_rounds,
        "warm": log.warm,
        "cooled_s": log.cooled_s,
        "per_round": log.per_round,
    }
