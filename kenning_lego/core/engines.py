"""Which engines run the artifacts of a chain, and how a stage names its own.

A request names one engine, and further ones where stages run on others. A *stage* is the sha256 of
an artifact, followed by ``:N`` where the N-th further engine runs it: so one artifact may be two
variants of a block, on two engines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kenning_lego.core.errors import ProtocolError

OptionValue = bool | str | Sequence[int]
"""Of an engine's option: a plain value, which JSON and msgpack have."""
Options = Mapping[str, OptionValue]

MAX_ENGINES = 16
"""Further engines of one request."""

_STAGE = re.compile(r"[0-9a-f]{64}(?::(?:[1-9]|1[0-6]))?")
_DIGEST_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine and what is chosen about it.

    Args:
        runtime: its name.
        options: of that engine; what is not given has its default
            (:mod:`kenning_lego.runtimes.options`).
    """

    runtime: str = "onnxruntime"
    options: Options = field(default_factory=dict)


class Loading(Protocol):
    """How the artifacts of a request are loaded: what plans, offers and messages have in common."""

    @property
    def runtime(self) -> str:
        """The name of the engine that runs stages which name no other."""
        ...

    @property
    def threads(self) -> int:
        """That each engine may use."""
        ...

    @property
    def batch(self) -> int:
        """Size of symbolic batch dimensions."""
        ...

    @property
    def options(self) -> Options:
        """Of `runtime`."""
        ...

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Further ones, for stages that name them by their number, from 1 on."""
        ...


def stage_of(digest: str, engine: int = 0) -> str:
    """The stage that runs an artifact.

    Args:
        digest: sha256 of the artifact.
        engine: 0 for the request's own engine, else the number of a further one.
    """
    return f"{digest}:{engine}" if engine else digest


def is_stage(text: str) -> bool:
    """Whether a text is a stage."""
    return _STAGE.fullmatch(text) is not None


def digest_of(stage: str) -> str:
    """sha256 of the artifact that a stage runs."""
    return stage[:_DIGEST_LENGTH]


def engine_of(stage: str) -> int:
    """The number of a stage's engine, 0 for the request's own."""
    return int(stage[_DIGEST_LENGTH + 1 :] or 0)


def digests_of(stages: Iterable[str]) -> tuple[str, ...]:
    """sha256 of all artifacts of some stages, each once, in their order."""
    return tuple(dict.fromkeys(map(digest_of, stages)))


def engine_for(loading: Loading, stage: str) -> Engine:
    """The engine that runs a stage.

    Raises:
        ProtocolError: the request has no engine of that number.
    """
    number = engine_of(stage)
    if number > len(loading.engines):
        raise ProtocolError(
            f"stage {stage[:12]}… is to run on the further engine {number}, and "
            f"{len(loading.engines)} are named",
            "name all engines that a pipeline's stages may need when it is composed or deployed",
        )
    return loading.engines[number - 1] if number else Engine(loading.runtime, loading.options)
