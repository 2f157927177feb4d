"""What a compiler is: one configuration that makes artifacts from networks or their segments."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar, Literal

from kenning_lego.compilers.artifact import ArtifactFormat, Built, CompiledArtifact
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import CompilationError, MissingDependencyError

if TYPE_CHECKING:  # configurations are read without loading frameworks
    from kenning_lego.compilers.engines import Run

NOTHING_QUANTISED = "no operator of it can be quantised: it stays in float"
"""Remark on segments without weights, such as those that only reshape."""

Precision = Literal["fp32", "fp16", "int8", "int8_dynamic"]
"""Of weights and arithmetic. `int8_dynamic` finds the activations' ranges while it runs."""


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
