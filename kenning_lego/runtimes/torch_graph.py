"""From the graph of an exported program to a module, by way of an allow-list.

A node names an operator and its arguments in JSON. Only torch's own functions of tensors are looked
up, arguments become plain values, and names of the file appear in no code.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx

from kenning_lego.core.errors import ModelError
from kenning_lego.runtimes.torch_archive import Archive, StoredTensor

SCALAR_TYPES: Mapping[int, torch.dtype] = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
"""Scalar types by their numbers in torch/_export/serde/schema.py."""

_MEMORY_FORMATS = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}
_STRIDED = 7

_OPERATOR = re.compile(r"torch\.ops\.aten\.([a-zA-Z0-9_]+)\.([a-zA-Z0-9_]+)")
_PRIVATE = frozenset(
    {
        "_adaptive_avg_pool2d",
        "_log_softmax",
        "_native_batch_norm_legit_no_training",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_softmax",
        "_to_copy",
        "_unsafe_view",
        "_upsample_bilinear2d_aa",
    }
)
"""Operators with an underscore in front that programs have; others are for torch itself."""
_UNFIT = re.compile(r"from_file|(new_)?empty.*|set_|resize.*|record_stream")
"""Operators that reach files, read what was never written, or change a tensor's storage."""
_WORDS = frozenset(
    {"none", "tanh", "same", "valid", "constant", "reflect", "replicate", "circular"}
    | {"sum", "mean", "amax", "amin", "prod", "floor", "trunc", "nearest", "bilinear", "bicubic"}
)
"""Texts that operators take as modes. No operator gets any other text, such as a path."""

_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "pow")
}
"""Of symbolic sizes."""
_CHECKS = re.compile(r"torch\.ops\.aten\.(_assert_.*|sym_constrain_range.*)")
"""Checks of sizes, which ours have passed before anything runs."""


class Lowered:
    """A module that computes what an archive says.

    Args:
        archive: the exported program.
        device: on which its weights are to be.

    Attributes:
        module: takes the program's inputs in order, and gives a tuple of its outputs.
        changes_in_place: whether it may write to its inputs.

    Raises:
        ModelError: it has an operator or an argument that is not on the list.
    """

    def __init__(self, archive: Archive, device: torch.device) -> None:
        self._graph = fx.Graph()
        self._device = device
        self._nodes: dict[str, fx.Node] = {}
        self._weights = frozenset(archive.weights)
        self.changes_in_place = False
        root = torch.nn.Module()
        # The graph's own names stay out of the code that fx generates.
        for at, name in enumerate(archive.inputs):
            self._nodes[name] = self._graph.placeholder(f"input_{at}")
        for at, (name, stored) in enumerate(archive.weights.items()):
            root.register_buffer(f"weight_{at}", _tensor(stored).to(device))
            self._nodes[name] = self._graph.get_attr(f"weight_{at}")
        for node in archive.nodes:
            self._add(node)
        self._graph.output(tuple(self._nodes[name] for name in archive.outputs))
        self.module = fx.GraphModule(root, self._graph)

    def _add(self, node: Mapping[str, Any]) -> None:
        target = str(node["target"])
        if _CHECKS.fullmatch(target):
            return
        given = [(each["name"], self._argument(each["arg"])) for each in node["inputs"]]
        if target in _ARITHMETIC:
            values = tuple(value for _, value in given)
            made = self._graph.call_function(_ARITHMETIC[target], values)
        else:
            overload = _overload(target)
            if overload._schema.is_mutable:
                self._refuse_changed_weight(target, node)
                self.changes_in_place = True
            made = self._graph.call_function(overload, *_in_order(overload, dict(given)))
        self._name(made, node["outputs"])

    def _name(self, made: fx.Node, outputs: list[Mapping[str, Any]]) -> None:
        names = [_output_name(each) for each in outputs]
        if "as_tensors" in outputs[0]:
            names = [str(each["name"]) for each in outputs[0]["as_tensors"]]
        elif len(names) == 1:
            self._nodes[names[0]] = made
            return
        for at, name in enumerate(names):
            self._nodes[name] = self._graph.call_function(operator.getitem, (made, at))

    def _refuse_changed_weight(self, target: str, node: Mapping[str, Any]) -> None:
        first = node["inputs"][0]["arg"].get("as_tensor", {}).get("name")
        if not target.split(".")[3].endswith("_") or first in self._weights:
            raise _refused(target, "it changes a weight")

    def _argument(self, argument: Mapping[str, Any]) -> Any:
        ((kind, value),) = argument.items()
        if kind == "as_none":
            return None
        if kind in ("as_tensor", "as_name"):
            return self._nodes[value["name"] if kind == "as_tensor" else value]
        if kind in ("as_tensors", "as_sym_ints", "as_optional_tensors"):
            element = "as_tensor" if kind == "as_tensors" else ""
            return [self._argument({element: each} if element else each) for each in value]
        if kind in ("as_sym_int", "as_sym_float", "as_sym_bool", "as_optional_tensor"):
            return self._argument(value)
        if kind in _PLAIN:
            return _plain(_PLAIN[kind], value)
        if kind == "as_string" and value in _WORDS:
            return value
        if kind == "as_scalar_type":
            return SCALAR_TYPES[value]
        if kind == "as_memory_format":
            return _MEMORY_FORMATS[value]
        if kind == "as_layout" and value == _STRIDED:
            return torch.strided
        if kind == "as_device":
            return self._device
        raise _refused(f"{kind} {value!r:.60}", "no operator gets such an argument")


_PLAIN: Mapping[str, tuple[type, bool]] = {
    "as_int": (int, False),
    "as_ints": (int, True),
    "as_float": (float, False),
    "as_floats": (float, True),
    "as_bool": (bool, False),
    "as_bools": (bool, True),
}
"""Kinds of plain arguments: the type, and whether there is a list of them."""


def _plain(kind: tuple[type, bool], value: Any) -> Any:
    # JSON writes infinities as texts.
    of, many = kind
    return [of(each) for each in value] if many else of(value)


def _overload(target: str) -> torch._ops.OpOverload[Any, Any]:
    match = _OPERATOR.fullmatch(target)
    if match is None:
        raise _refused(target, "only operators of torch.ops.aten run here")
    name, overload_name = match.groups()
    if _UNFIT.fullmatch(name) or (name.startswith("_") and name not in _PRIVATE):
        raise _refused(target, "it is not on the list of functions of tensors")
    overload = getattr(getattr(torch.ops.aten, name, None), overload_name, None)
    if not isinstance(overload, torch._ops.OpOverload):
        raise _refused(target, f"torch {torch.__version__} has no such operator")
    return overload


def _in_order(
    overload: torch._ops.OpOverload[Any, Any], given: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional arguments as far as there is no gap, and the others by name.

    Names of arguments are the only texts of a file that would get into the code that fx generates,
    so they must be the operator's own.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    gap = False
    for argument in overload._schema.arguments:
        gap = gap or argument.kwarg_only or argument.name not in given
        if not gap:
            positional.append(given[argument.name])
        elif argument.name in given:
            named[argument.name] = given[argument.name]
    if len(positional) + len(named) != len(given):
        raise _refused(str(overload), f"it has no such arguments as {sorted(given)!r:.100}")
    return tuple(positional), named


def _output_name(output: Mapping[str, Any]) -> str:
    ((kind, value),) = output.items()
    if kind == "as_tensor":
        return str(value["name"])
    # A size that was computed; lists of tensors are named one by one.
    return str(value["as_name"]) if isinstance(value, dict) else ""


def _tensor(stored: StoredTensor) -> torch.Tensor:
    # Of a copy: torch takes only memory that it might write to.
    flat = torch.frombuffer(bytearray(stored.content), dtype=SCALAR_TYPES[stored.dtype])
    return flat.as_strided(stored.sizes, stored.strides, stored.offset)


def _refused(what: str, why: str) -> ModelError:
    return ModelError(
        f"cannot load the artifact: {what}: {why}",
        "export the network's evaluation mode, after ExportedProgram.run_decompositions(); "
        "or choose another compiler",
    )
