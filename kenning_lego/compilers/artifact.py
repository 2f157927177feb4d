"""What a compiler gives: an artifact's bytes, where they came from, and how far they are off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ArtifactFormat = str
"""Kind of a file: ``onnx``, ``tflite``, ``openvino`` (IR as one file, see
:mod:`kenning_lego.core.ir_file`), ``torch`` (torch.export's .pt2), or what a compiler of another
package makes."""

SPECIFICATION = "kenning_lego.json"
"""File within a .pt2: names, shapes and types of the inputs and outputs, in order."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far an artifact's outputs are from the original's, over all outputs of some samples.

    Args:
        samples: that were compared.
        max_abs: largest absolute difference.
        rmse: root of the mean squared difference.
        cosine: of the angle between all outputs as one vector; 1.0 where both are zero.
        scale: largest absolute output of the original.
        agreement: share of samples with the same largest output; None for other than classifiers.
    """

    samples: int
    max_abs: float
    rmse: float
    cosine: float
    scale: float
    agreement: float | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """What a compiler made.

    Args:
        content: the file's bytes; the same source always gives the same bytes.
        remark: what its user should know; otherwise empty.
    """

    content: bytes
    remark: str = ""


@dataclass(frozen=True, slots=True)
class CompiledArtifact:
    """A compiled model or segment variant.

    Args:
        content: the file's bytes; the same module always gives the same bytes.
        format: of the file.
        compiler: that made it.
        versions: of the packages that took part, by name.
        gap: to the original.
        warning: the compiler's remark, and that the gap is beyond its limit where that is no
            error; otherwise empty.
    """

    content: bytes
    format: ArtifactFormat
    compiler: str
    gap: Gap
    versions: Mapping[str, str] = field(default_factory=dict)
    warning: str = ""
