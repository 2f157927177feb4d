"""The engines of a process, and loading the stages of a request with them."""

from __future__ import annotations

from collections.abc import Iterable

from kenning_lego.core.engines import Loading, digest_of, engine_for, engine_of
from kenning_lego.runtimes.base import Program, Runtime
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.options import RuntimeOptions, options_from_json
from kenning_lego.store.artifacts import ArtifactStore

Fact = str | int | float


class Engines:
    """Engines, each made when something is first loaded with it, and kept.

    Args:
        store: where the artifacts lie.
        offers: what hosts may choose by name.
    """

    def __init__(self, store: ArtifactStore, offers: Offers | None = None) -> None:
        self.store = store
        self.offers = offers or Offers()
        self._made: dict[tuple[str, int, RuntimeOptions], Runtime] = {}

    def get(self, name: str, threads: int, options: RuntimeOptions) -> Runtime:
        """The engine with these options.

        Raises:
            KenningLegoError: it is not here, or what the options name is not.
        """
        key = name, threads, options
        runtime = self._made.get(key)
        if runtime is None:
            runtime = self._made[key] = make_runtime(name, threads, options, self.offers)
        return runtime


class StageLoader:
    """Loads the stages of one request.

    Args:
        engines: of this process.
        loading: which of them the request names, and what they may use.
    """

    def __init__(self, engines: Engines, loading: Loading) -> None:
        self._engines = engines
        self._loading = loading
        self._used: dict[int, Runtime] = {}
        self._quantised = False

    def prepare(self, stages: Iterable[str]) -> None:
        """Make the engines of some stages.

        Raises:
            KenningLegoError: one is not here, or what its options name is not.
        """
        for stage in stages:
            self._runtime(stage)

    def load(self, stage: str) -> Program:
        """The program of a stage.

        Raises:
            KenningLegoError: its artifact is not held or cannot be loaded, or its engine is not
                here.
        """
        runtime = self._runtime(stage)
        with self._engines.store.reading(digest_of(stage)) as content:
            program = runtime.load(content, self._loading.batch)
        self._used[engine_of(stage)] = runtime
        self._quantised |= any(tensor.quantisation for tensor in program.spec)
        return program

    def size(self, stage: str) -> int:
        """Bytes of a stage's artifact.

        Raises:
            StoreError: it is not held.
        """
        return self._engines.store.size(digest_of(stage))

    def used(self) -> dict[str, Fact]:
        """What really runs, by name; of further engines with their number, as in ``engine (1)``."""
        facts: dict[str, Fact] = {}
        for number, runtime in sorted(self._used.items()):
            mark = f" ({number})" if facts else ""
            facts |= {f"{name}{mark}": fact for name, fact in runtime.used().items()}
        if self._quantised:
            facts["io"] = "quantised, converted by the host"
        return facts

    def _runtime(self, stage: str) -> Runtime:
        engine = engine_for(self._loading, stage)
        options = options_from_json(engine.runtime, engine.options, self._engines.offers.runtimes)
        return self._engines.get(engine.runtime, self._loading.threads, options)
