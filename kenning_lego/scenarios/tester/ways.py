"""The ways in which a test compiles and runs its blocks: names, compilers and engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.compilers.base import Compiler
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.mixing_records import EngineRecord
from kenning_lego.runtimes.formats import readers_of
from kenning_lego.runtimes.options import read_options
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig
from kenning_lego.scenarios.tester.mix_configuration import WayConfig


@dataclass(frozen=True, slots=True)
class Way:
    """A further way to compile and run variants.

    Args:
        name: stands behind + in the variants' names.
        compiler: makes the artifacts.
        engine: that runs them: 0 for the target's, n for the n-th further one.
    """

    name: str
    compiler: Compiler
    engine: int = 0


@dataclass(frozen=True, slots=True)
class Ways:
    """All further ways of a test, and the further engines that they need."""

    every: tuple[Way, ...] = ()
    engines: tuple[EngineRecord, ...] = ()

    @property
    def compilers(self) -> dict[str, Compiler]:
        """By the ways' names."""
        return {each.name: each.compiler for each in self.every}


def ways_of(config: InferenceTestConfig) -> Ways:
    """The further ways that a test names.

    Raises:
        ConfigurationError: two have one name, or one is the main way again.
        MissingDependencyError: a compiler is not installed.
    """
    first = EngineRecord(runtime=config.target.runtime, options=dict(config.target.options))
    engines = [first]
    found: list[Way] = []
    for each in config.mix.ways:
        each.compiler.versions()
        engine = _engine(each, config)
        if engine not in engines:
            engines.append(engine)
        number = engines.index(engine)
        if each.compiler == config.compiler and number == 0:
            raise ConfigurationError(
                f"mix.ways names {each.compiler.name} on {engine.runtime}, the main way itself",
                "leave it out, or give it another precision or engine",
            )
        found.append(Way(each.name or _name(each, config, engine), each.compiler, number))
    _check_names(found)
    return Ways(tuple(found), tuple(engines[1:]))


def _engine(way: WayConfig, config: InferenceTestConfig) -> EngineRecord:
    """The engine that is named; else the target's own if it reads the format, or the format's.

    Without options of its own, a way that runs on the target's engine has those of the target.
    """
    target = config.target
    natural = _natural(way, config)
    same = way.compiler.format == config.compiler.format or natural == target.runtime
    runtime = way.runtime or (target.runtime if same else natural)
    if runtime == target.runtime and not way.options:
        return EngineRecord(runtime=runtime, options=dict(target.options))
    return EngineRecord(runtime=runtime, options=dict(read_options(runtime, way.options)))


def _natural(way: WayConfig, config: InferenceTestConfig) -> str:
    """The format's usual engine; the target's own for a format that no engine here reads."""
    return next(iter(readers_of(way.compiler.format)), config.target.runtime)


def _name(way: WayConfig, config: InferenceTestConfig, engine: EngineRecord) -> str:
    kind, main = (_kind(each) for each in (way.compiler, config.compiler))
    name = way.compiler.precision if kind == main else f"{kind}-{way.compiler.precision}"
    usual = (config.target.runtime, _natural(way, config))
    return name if engine.runtime in usual else f"{name}-{engine.runtime}"


def _kind(compiler: Compiler) -> str:
    return str(getattr(compiler, "type", compiler.format))


def _check_names(ways: Sequence[Way]) -> None:
    names = [each.name for each in ways]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two ways of mix.ways are called {name!r}", "give one of them another name"
            )


def compiled_as(name: str, way: Way) -> str:
    """What a variant is called that is compiled in a further way."""
    return f"{name}+{way.name}"
