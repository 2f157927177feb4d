"""Merging the ONNX files of a chain's segments into one graph, without the borders between them.

Segments are wired by the names of the tensors that cross borders, as the target wires them; a
tensor may be used by several later segments. Field names are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import onnx
from google.protobuf.message import DecodeError

from kenning_lego.core.errors import CompilationError

LARGEST_BYTES = (1 << 31) - 1
"""Protobuf writes no larger message."""

_PRODUCER = "kenning-lego"
_Rename = Callable[[str], str]


def merge_onnx(
    stages: Sequence[bytes], outputs: Sequence[str], metadata: Mapping[str, str] | None = None
) -> bytes:
    """One ONNX file that computes what the files do one after the other.

    Names of tensors that cross borders are kept; all others get the stage's number in front, so
    that nothing collides. Constants that are equal in several stages are kept once.

    Args:
        stages: ONNX files in the order in which they run, each without data in other files.
        outputs: names of the tensors that the merged graph gives, in order.
        metadata: entries of its ``metadata_props``.

    Returns:
        The file's bytes; equal stages give equal bytes. Its inputs are the tensors that a stage
        takes and no earlier one gives, in the order in which they are first taken.

    Raises:
        CompilationError: a stage is no ONNX file or has data elsewhere, the stages are of
            different operator sets or do not fit together, an output is given by none, or the
            result would be too large for a file.
    """
    models = [_parse(content, place) for place, content in enumerate(stages)]
    merged = onnx.ModelProto(ir_version=max((each.ir_version for each in models), default=0))
    merged.producer_name = _PRODUCER
    merged.graph.name = "merged"
    for key, value in (metadata or {}).items():
        merged.metadata_props.add(key=key, value=value)
    _merge_opsets(models, merged)
    _merge_functions(models, merged)
    given = _wire(models, merged)
    for name in outputs:
        if name not in given:
            raise CompilationError(
                f"no segment gives the output {name!r}",
                f"the segments give {', '.join(given) or 'nothing'}",
            )
        merged.graph.output.append(given[name])
    taken = {value.name for value in merged.graph.input} | set(given)
    constants: dict[str, str] = {}
    for place, model in enumerate(models):
        _append(merged.graph, model.graph, place, taken, constants)
    if merged.ByteSize() > LARGEST_BYTES:
        raise CompilationError(
            f"the merged network takes {merged.ByteSize():,} bytes, more than one ONNX file holds",
            "run it as a chain of segments",
        )
    try:
        onnx.checker.check_model(merged, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise CompilationError(f"the merged segments are not valid ONNX: {reason}") from error
    content: bytes = merged.SerializeToString(deterministic=True)
    return content


def _parse(content: bytes, place: int) -> onnx.ModelProto:
    where = f"segment {place} of the chain"
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise CompilationError(
            f"{where} is no ONNX file, so it cannot be merged", "compile every segment to ONNX"
        ) from error
    tensors = [*model.graph.initializer, *(t for node in _nodes(model) for t in _tensors(node))]
    sparse = [*model.graph.sparse_initializer]
    tensors += [tensor for each in sparse for tensor in (each.values, each.indices)]
    if any(each.data_location == onnx.TensorProto.EXTERNAL for each in tensors):
        raise CompilationError(
            f"{where} has tensors in other files", "save it as one file: onnx.save(model, PATH)"
        )
    return model


def _merge_opsets(models: Sequence[onnx.ModelProto], merged: onnx.ModelProto) -> None:
    versions: dict[str, int] = {}
    for place, model in enumerate(models):
        for each in model.opset_import:
            domain = "" if each.domain == "ai.onnx" else each.domain
            if versions.setdefault(domain, each.version) != each.version:
                raise CompilationError(
                    f"segment {place} is of opset {each.version} of {domain or 'ai.onnx'}, "
                    f"segments before it of {versions[domain]}",
                    "export all segments for one opset",
                )
    for domain, version in versions.items():
        merged.opset_import.add(domain=domain, version=version)


def _merge_functions(models: Sequence[onnx.ModelProto], merged: onnx.ModelProto) -> None:
    """Functions are named by domain and name; they must mean the same in every stage."""
    known: dict[tuple[str, str, str], onnx.FunctionProto] = {}
    for place, model in enumerate(models):
        for each in model.functions:
            key = (each.domain, each.name, each.overload)
            if key not in known:
                known[key] = each
                merged.functions.append(each)
            elif known[key] != each:
                raise CompilationError(
                    f"segment {place} has another function {each.domain}::{each.name} than a "
                    "segment before it",
                    "inline the functions of every segment: onnx.inliner.inline_local_functions",
                )


def _wire(
    models: Sequence[onnx.ModelProto], merged: onnx.ModelProto
) -> dict[str, onnx.ValueInfoProto]:
    """Find the merged graph's inputs; returns what the stages give, by name."""
    known: dict[str, onnx.ValueInfoProto] = {}
    given: dict[str, onnx.ValueInfoProto] = {}
    for place, model in enumerate(models):
        constants = {each.name for each in model.graph.initializer}
        for value in model.graph.input:
            if value.name in constants:
                continue  # a default, as files of IR version 3 list them
            if value.name not in known:
                known[value.name] = value
                merged.graph.input.append(value)
            elif _type(known[value.name]) != _type(value):
                raise CompilationError(
                    f"segment {place} takes {value.name!r} as {_type(value)}, "
                    f"but is given {_type(known[value.name])}",
                    "compile the segments of one chain together",
                )
        for value in model.graph.output:
            if value.name in known:
                raise CompilationError(
                    f"segment {place} gives {value.name!r}, which is there before it",
                    "give every tensor that crosses a border a name of its own",
                )
            known[value.name] = given[value.name] = value
    return given


def _append(
    graph: onnx.GraphProto,
    stage: onnx.GraphProto,
    place: int,
    taken: set[str],
    constants: dict[str, str],
) -> None:
    """Add a stage's nodes and constants under names that nothing else has.

    Args:
        graph: to add to.
        stage: what to add.
        place: the stage's number.
        taken: names in use; grows.
        constants: merged names of constants by what is in them; grows.
    """
    borders = {value.name for value in (*stage.input, *stage.output)}
    defaults = {each.name for each in stage.initializer} - {value.name for value in stage.output}
    names: dict[str, str] = {"": "", **{name: name for name in borders - defaults}}

    def renamed(name: str) -> str:
        if name not in names:
            new = f"s{place}/{name}"
            while new in taken:
                new += "_"
            taken.add(new)
            names[name] = new
        return names[name]

    for tensor in stage.initializer:
        content = _content(tensor)
        if tensor.name in names:
            pass  # crosses a border
        elif content in constants:
            names[tensor.name] = constants[content]
            continue
        else:
            constants[content] = renamed(tensor.name)
        graph.initializer.add().CopyFrom(tensor)
        graph.initializer[-1].name = renamed(tensor.name)
    for sparse in stage.sparse_initializer:
        graph.sparse_initializer.add().CopyFrom(sparse)
        graph.sparse_initializer[-1].values.name = renamed(sparse.values.name)
    for number, node in enumerate(stage.node):
        graph.node.add().CopyFrom(node)
        graph.node[-1].name = f"s{place}/{node.name or number}"
        _rename(graph.node[-1], renamed)


def _rename(node: onnx.NodeProto, renamed: _Rename) -> None:
    """Rename the tensors of a node, and of the graphs inside it: they see the names around."""
    node.input[:] = [renamed(name) for name in node.input]
    node.output[:] = [renamed(name) for name in node.output]
    for graph in _graphs(node):
        for each in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
            each.name = renamed(each.name)
        for sparse in graph.sparse_initializer:
            sparse.values.name = renamed(sparse.values.name)
        for inner in graph.node:
            _rename(inner, renamed)


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node of a model, those of inner graphs and of functions included."""
    waiting = [*model.graph.node, *(node for each in model.functions for node in each.node)]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [inner for graph in _graphs(node) for inner in graph.node]


def _graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _tensors(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    """The constants in a node's attributes and in the graphs right inside it."""
    for attribute in node.attribute:
        yield attribute.t
        yield from attribute.tensors
    for graph in _graphs(node):
        yield from graph.initializer


def _content(tensor: onnx.TensorProto) -> str:
    """Identifies what is in a tensor, whatever its name."""
    nameless = onnx.TensorProto()
    nameless.CopyFrom(tensor)
    nameless.ClearField("name")
    nameless.ClearField("doc_string")
    return hashlib.sha256(nameless.SerializeToString(deterministic=True)).hexdigest()


def _type(value: onnx.ValueInfoProto) -> str:
    """Element type and shape for comparison and for people, such as ``FLOAT[batch, 3]``."""
    tensor = value.type.tensor_type
    sizes = [each.dim_param or str(each.dim_value) for each in tensor.shape.dim]
    dtype: str = onnx.TensorProto.DataType.Name(tensor.elem_type)
    return f"{dtype}[{', '.join(sizes)}]"
