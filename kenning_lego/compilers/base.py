"""What a compiler is: one configuration that makes artifacts from networks or their segments."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kenning_lego.compilers.artifact import ArtifactFormat, Built, CompiledArtifact
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import CompilationError, MissingDependencyError

if TYPE_CHECKING:  # configurations are read without loading frameworks
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from kenning_lego.compilers.engines import Run
    from kenning_lego.core.specs import TensorSpec

NOTHING_QUANTISED = "no operator of it can be quantised: it stays in float"
"""Remark on segments without weights, such as those that only reshape."""

Precision = Literal["fp32", "fp16", "int8", "int8_dynamic"]
"""Of weights and arithmetic. `int8_dynamic` finds the activations' ranges while it runs."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Real inputs of a network or segment, made when they are asked for.

    Args:
        fingerprint: identifies what :meth:`open` gives.
        open: starts anew; gives one tuple a sample, one array for each input in its shape.
    """

    fingerprint: str
    open: Callable[[], Iterator[tuple[NDArray[Any], ...]]]

    def __call__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """The samples, from the first."""
        return self.open()


@dataclass(frozen=True, slots=True, eq=False)
class CompileSource:
    """What is to be compiled, a module or an ONNX file, and what to do it with.

    Args:
        module: in evaluation mode; takes the inputs in order.
        onnx: a file's bytes, where there is no module.
        inputs: names, shapes and types of what it takes.
        outputs: the same of what it gives.
        example: inputs to export with, and to compare on where there is no validation.
        calibration: to find ranges of activations on.
        validation: to compare the artifact with the original on; other samples than those of the
            calibration.
        classifier: whether its only output holds a score for each class.
    """

    module: nn.Module | None
    onnx: bytes | None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    example: tuple[Tensor, ...]
    calibration: Samples | None = None
    validation: Samples | None = None
    classifier: bool = False

    def __str__(self) -> str:
        taken, given = (", ".join(t.name for t in each) for each in (self.inputs, self.outputs))
        return f"({taken}) -> {given}"


class Compiler(Component, abc.ABC):
    """Base of the compilers: how an artifact is made, and how far it may be off."""

    format: ClassVar[ArtifactFormat]
    """Of the files that it makes."""
    extra: ClassVar[str]
    """Of kenning-lego, which brings the packages."""

    precision: Precision = "fp32"
    """Of weights and arithmetic."""
    gap: GapConfig = GapConfig()
    """How far outputs may be from the original's."""

    @abc.abstractmethod
    def packages(self) -> tuple[str, ...]:
        """Distributions that take part in compiling with these options; the compiler first."""

    @abc.abstractmethod
    def build(self, source: CompileSource) -> Built:
        """Make the file.

        Raises:
            CompilationError: the source cannot be compiled in this way.
        """

    @classmethod
    def open(cls, content: bytes) -> Run:
        """Load an artifact of this compiler here, on one CPU thread.

        Compilers of other packages, to formats of their own, must have one of their own.
        """
        from kenning_lego.compilers.engines import open_own

        return open_own(content, cls.format)

    @property
    def calibrated(self) -> bool:
        """Whether the artifact depends on calibration samples."""
        return self.precision == "int8"

    def versions(self) -> Mapping[str, str]:
        """Installed versions of the packages by name; none of them is imported.

        Raises:
            MissingDependencyError: one is not installed.
        """
        found = {}
        for package in self.packages():
            try:
                found[package] = version(package)
            except PackageNotFoundError as error:
                purpose = f"the compiler {self.name!r}"
                raise MissingDependencyError(package, self.extra, purpose) from error
        return found

    @property
    def name(self) -> str:
        """Short name with the precision, such as ``onnx int8``."""
        return f"{getattr(self, 'type', type(self).__name__)} {self.precision}"

    def compile(self, source: CompileSource) -> CompiledArtifact:
        """Make an artifact and compare what it computes with the original.

        Raises:
            CompilationError: the source cannot be compiled in this way, the samples do not fit,
                or the artifact computes something else.
            MissingDependencyError: a package is not installed.
        """
        # Loads frameworks, so not before it is needed.
        from kenning_lego.compilers.comparison import measure_gap

        versions = self.versions()
        if self.calibrated and source.calibration is None:
            raise CompilationError(
                f"{self.name} of {source} needs calibration samples",
                "give a dataset to calibrate on",
            )
        built = self.build(source)
        gap = measure_gap(self.open(built.content), source)
        finding = self.gap.judge(gap, self.precision, f"{self.name} of {source}")
        warning = "; ".join(filter(None, (built.remark, finding)))
        return CompiledArtifact(built.content, self.format, self.name, gap, versions, warning)
