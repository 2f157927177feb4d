"""The compilers that a scenario can name; importing this loads no framework."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.openvino_compiler import OpenVino
from kenning_lego.compilers.torch_export import TorchExport
from kenning_lego.core.announced import Announced, announced_component
from kenning_lego.core.lookup import announced

GROUP = "kenning_lego.compilers"
"""Entry points by which other packages announce compilers, classes derived from
:class:`kenning_lego.compilers.base.Compiler`."""

CompilerConfig = Annotated[
    Onnx | LiteRt | OpenVino | TorchExport, Field(discriminator="type"), Announced(GROUP, Compiler)
]
"""A field of this type is told by its ``type``: onnx, litert, openvino, torch or what is announced.
"""


def announced_compilers() -> Iterator[type[Compiler]]:
    """The compilers of other packages; they are imported.

    Raises:
        ConfigurationError: one cannot be imported, or is none.
    """
    for name, path in announced(GROUP).items():
        found = announced_component(GROUP, name, path, Compiler)
        if issubclass(found, Compiler):
            yield found


def _from_words(given: Any) -> Any:
    """``onnx-int8`` for a compiler's type and precision."""
    if not isinstance(given, str):
        return given
    kind, _, precision = given.partition("-")
    return {"type": kind, "precision": precision} if precision else {"type": kind}


NamedCompiler = Annotated[
    CompilerConfig, BeforeValidator(_from_words, json_schema_input_type=CompilerConfig | str)
]
"""The same, for which two words will do: ``onnx-int8`` stands for type onnx, precision int8."""
