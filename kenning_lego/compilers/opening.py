"""Artifacts of all compilers that are installed, run on the host."""

from __future__ import annotations

from kenning_lego.compilers.artifact import ArtifactFormat
from kenning_lego.compilers.configuration import announced_compilers
from kenning_lego.compilers.engines import OWN_FORMATS, Run, open_own
from kenning_lego.core.errors import CompilationError


def open_artifact(content: bytes, kind: ArtifactFormat) -> Run:
    """Load an artifact into an engine of its kind, on one CPU thread.

    Args:
        content: the file's bytes.
        kind: of file.

    Raises:
        CompilationError: no compiler that is installed here makes such files.
    """
    if kind in OWN_FORMATS:
        return open_own(content, kind)
    for compiler in announced_compilers():
        if compiler.format == kind:
            return compiler.open(content)
    raise CompilationError(
        f"no compiler that is installed here makes files of the format {kind!r}",
        "install the package that made it",
    )
