"""A segment's graph as JSON values, and back: without the network's class, without pickles.

Operations are named from the list in :mod:`.operations`, layers by their class in torch.nn and
its arguments. Weights are not in it, only their shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx, nn

from kenning_lego.blocks.storage.layers import describe_layer, make_layer
from kenning_lego.blocks.storage.operations import ATTRIBUTES, function_named, methods, name_of
from kenning_lego.core.errors import ModelError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_DTYPES = {
    str(each).removeprefix("torch."): each
    for each in vars(torch).values()
    if isinstance(each, torch.dtype)
}
_FORMATS = {
    str(each).removeprefix("torch."): each
    for each in (torch.contiguous_format, torch.channels_last, torch.preserve_format)
}
_REMEDY = "make the workspace again with this kenning-lego and torch"


def describe_graph(module: fx.GraphModule) -> dict[str, Any]:
    """The graph, its layers, and the shapes of the tensors that it reads by name.

    Raises:
        ModelError: an operation or layer of it needs code that is not torch's.
    """
    layers: dict[str, Any] = {}
    tensors: dict[str, Any] = {}
    nodes = []
    for node in module.graph.nodes:
        target = str(node.target)
        if node.op == "call_module" and target not in layers:
            layers[target] = describe_layer(module.get_submodule(target))
        elif node.op == "get_attr":
            tensors[target] = _describe_tensor(module, target)
        elif node.op == "call_function":
            target = _name_of_function(node)
        elif node.op == "call_method" and target not in methods():
            raise _foreign(f"the method {target!r}")
        nodes.append(
            {
                "name": node.name,
                "op": node.op,
                "target": target,
                "args": _encode(node.args),
                "kwargs": {key: _encode(value) for key, value in node.kwargs.items()},
            }
        )
    return {"nodes": nodes, "layers": layers, "tensors": tensors}


def rebuild_graph(description: Mapping[str, Any]) -> fx.GraphModule:
    """The module that was described, with weights that are still to be loaded.

    Raises:
        ModelError: the description is damaged, or names what is not in its lists.
    """
    try:
        return _rebuild(description)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"a stored graph is damaged: {error!r}", _REMEDY) from error


def _rebuild(description: Mapping[str, Any]) -> fx.GraphModule:
    root = nn.Module()
    for path, layer in description["layers"].items():
        _put(root, path, make_layer(layer))
    for path, each in description["tensors"].items():
        tensor = torch.zeros(each["shape"], dtype=_DTYPES[each["dtype"]])
        _put(root, path, nn.Parameter(tensor) if each["parameter"] else tensor)
    graph = fx.Graph()
    made: dict[str, fx.Node] = {}
    for each in description["nodes"]:
        args = _decode(each["args"], made)
        kwargs = {_checked(_NAME, key): _decode(v, made) for key, v in each["kwargs"].items()}
        target = _TARGETS[each["op"]](each["target"])
        if target is getattr and args[1] not in ATTRIBUTES:
            raise _foreign(f"the attribute {args[1]!r}")
        name = _checked(_NAME, each["name"])
        made[name] = graph.create_node(each["op"], target, args, kwargs, name)
    return fx.GraphModule(root, graph).eval()


def _checked(pattern: re.Pattern[str], text: object) -> str:
    """Text that becomes part of generated code must be a name and nothing else."""
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ModelError(f"a stored graph has the name {text!r}", _REMEDY)
    return text


def _method(name: object) -> str:
    if name not in methods():
        raise _foreign(f"the method {name!r}")
    return str(name)


def _function(name: object) -> Callable[..., Any]:
    found = function_named(str(name))
    if found is None:
        raise _foreign(f"the function {name!r}")
    return found


_TARGETS: Mapping[str, Callable[[object], Any]] = {
    "placeholder": lambda name: _checked(_NAME, name),
    "output": lambda name: _checked(_NAME, name),
    "call_module": lambda path: _checked(_PATH, path),
    "get_attr": lambda path: _checked(_PATH, path),
    "call_method": _method,
    "call_function": _function,
}


def _put(root: nn.Module, path: str, value: nn.Module | torch.Tensor) -> None:
    *parents, last = _checked(_PATH, path).split(".")
    for name in parents:
        if name not in root._modules:
            root.add_module(name, nn.Module())
        root = root.get_submodule(name)
    if isinstance(value, nn.Module):
        root.add_module(last, value)
    elif isinstance(value, nn.Parameter):
        root.register_parameter(last, value)
    else:
        root.register_buffer(last, value)


def _describe_tensor(module: fx.GraphModule, path: str) -> dict[str, Any]:
    value: Any = module
    for name in path.split("."):
        value = getattr(value, name)
    if not isinstance(value, torch.Tensor):
        raise _foreign(f"the attribute {path!r}, a {type(value).__name__},")
    return {
        "shape": list(value.shape),
        "dtype": str(value.dtype).removeprefix("torch."),
        "parameter": isinstance(value, nn.Parameter),
    }


def _name_of_function(node: fx.Node) -> str:
    assert callable(node.target)  # noqa: S101 - fx has it so for this kind of node
    name = name_of(node.target)
    if name is None or (node.target is getattr and node.args[1] not in ATTRIBUTES):
        what = getattr(node.target, "__name__", repr(node.target))
        raise _foreign(f"the function {getattr(node.target, '__module__', '')}.{what}")
    return name


def _foreign(what: str) -> ModelError:
    return ModelError(
        f"{what} is none that a stored graph may use",
        "use operations of torch and torch.nn.functional; others need the network's own code",
    )


def _encode(value: Any) -> Any:
    """Arguments of a node as JSON values; what JSON lacks is a mapping of one key."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value - value == 0 else {"float": str(value)}
        case fx.Node():
            return {"node": value.name}
        case list():
            return [_encode(each) for each in value]
        case tuple():
            return {"tuple": [_encode(each) for each in value]}
        case slice():
            return {"slice": [_encode(each) for each in (value.start, value.stop, value.step)]}
        case dict() if all(isinstance(key, str) for key in value):
            return {"mapping": {key: _encode(each) for key, each in value.items()}}
        case torch.dtype():
            return {"dtype": str(value).removeprefix("torch.")}
        case torch.memory_format():
            return {"memory_format": str(value).removeprefix("torch.")}
        case torch.device():
            return {"device": value.type}
    if value is Ellipsis:
        return {"ellipsis": None}
    raise _foreign(f"the constant {value!r}")


def _decode(value: Any, nodes: Mapping[str, fx.Node]) -> Any:
    if isinstance(value, list):
        return [_decode(each, nodes) for each in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "node":
            return nodes[content]
        case "tuple":
            return tuple(_decode(each, nodes) for each in content)
        case "slice":
            return slice(*(_decode(each, nodes) for each in content))
        case "mapping":
            return {key: _decode(each, nodes) for key, each in content.items()}
        case "float":
            return float(content)
        case "dtype":
            return _DTYPES[content]
        case "memory_format":
            return _FORMATS[content]
        case "device":
            return torch.device(content)
        case "ellipsis":
            return ...
    raise ValueError(f"a constant of the unknown kind {kind!r}")
