"""Compiling once; a later run finds the artifact in the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.compilers.artifact import CompiledArtifact
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.source import CompileSource, Samples
from kenning_lego.core.records import ArtifactRecord
from kenning_lego.store.workspace import Workspace

_VERSION = 3


@dataclass(frozen=True, slots=True)
class Compiled:
    """An artifact in the workspace, and whether it had to be made."""

    record: ArtifactRecord
    computed: bool


def compile_once(
    source: CompileSource, source_fingerprint: str, config: Compiler, workspace: Workspace
) -> Compiled:
    """Compile a network or a segment's variant, or take an earlier run's artifact.

    The artifact is found by everything that it and its gap depend on: the source, the compiler
    with all its options, the packages' versions, and the samples.

    Args:
        source: what to compile.
        source_fingerprint: identifies the module with its weights, or the ONNX file.
        config: the compiler.
        workspace: keeps the artifact.

    Raises:
        CompilationError: see :meth:`kenning_lego.compilers.base.Compiler.compile`.
        MissingDependencyError: the compiler's package is not installed.
    """
    versions = config.versions()
    step = workspace.step(
        "compilation",
        _VERSION,
        {
            "source": source_fingerprint,
            "inputs": list(map(str, source.inputs)),
            "outputs": list(map(str, source.outputs)),
            "compiler": config.model_dump(mode="json"),
            "versions": dict(versions),
            "calibration": _key(source.calibration) if config.calibrated else None,
            "validation": _key(source.validation),
            "classifier": source.classifier,
        },
    )
    found = step.load()
    if found is not None and workspace.artifacts.holds(found["digest"]):
        return Compiled(ArtifactRecord.model_validate(found), computed=False)
    made = config.compile(source)
    record = record_of(made, workspace.artifacts.add(made.content), config)
    step.save(record.model_dump(mode="json"))
    return Compiled(record, computed=True)


def record_of(made: CompiledArtifact, digest: str, config: Compiler) -> ArtifactRecord:
    """What is kept of an artifact beside its bytes.

    Args:
        made: the artifact.
        digest: its sha256.
        config: the compiler.
    """
    compiler, compiler_version = next(iter(made.versions.items()))
    return ArtifactRecord(
        digest=digest,
        format=made.format,
        size_bytes=len(made.content),
        compiler=compiler,
        compiler_version=compiler_version,
        gap_max_abs=made.gap.max_abs,
        gap_rmse=made.gap.rmse,
        gap_cosine=made.gap.cosine,
        gap_agreement=made.gap.agreement,
        gap_samples=made.gap.samples,
        precision=config.precision,
        options=config.model_dump(mode="json"),
        versions=dict(made.versions),
        warning=made.warning,
    )


def _key(samples: Samples | None) -> str | None:
    return None if samples is None else samples.fingerprint
