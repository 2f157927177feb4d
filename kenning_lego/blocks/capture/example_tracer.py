"""A tracer whose symbolic values know what they are for an example.

`torch.fx` traces symbolically: it stops wherever the code asks for a size. Here code may branch and
loop on sizes and types. What it decides on tensors' values still cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import torch
from torch import fx, nn

from kenning_lego.blocks.capture.inputs import Inputs
from kenning_lego.blocks.capture.shapes import tensors_in

_LEAVES = (
    nn.modules.conv._ConvNd,
    nn.Linear,
    nn.modules.batchnorm._NormBase,
    nn.GroupNorm,
    nn.LayerNorm,
)
"""Subclasses defined outside torch.nn are layers too: tracing into them would hide the layer."""

# fmt: off
_SIZES = frozenset({
    "dim", "element_size", "get_device", "is_complex", "is_contiguous", "is_floating_point",
    "is_tensor", "ndimension", "nelement", "numel", "size", "storage_offset", "stride", "type",
})
# fmt: on
"""Operations that give numbers and do not look at a tensor's values."""


class ExampleTracer(fx.Tracer):
    """Records operations, and what each gives for the example.

    Args:
        inputs: the example; one placeholder for each tensor.
        whole: paths of sub-modules that are not looked into.
        by_size: whether code may ask for sizes.

    Attributes:
        values: what each node gives.
        running: paths of the modules that were being called when tracing failed, if it did.
    """

    def __init__(self, inputs: Inputs, whole: frozenset[str], *, by_size: bool) -> None:
        super().__init__()
        self.inputs = inputs
        self.whole = whole
        self.by_size = by_size
        self.values: dict[fx.Node, Any] = {}
        self.running: list[str] = []
        self._evaluating = False

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one operation."""
        return (
            module_qualified_name in self.whole
            or isinstance(m, _LEAVES)
            or super().is_leaf_module(m, module_qualified_name)
        )

    def create_args_for_root(
        self, root_fn: Callable[..., Any], *_args: Any, **_kwargs: Any
    ) -> tuple[Any, list[Any]]:
        """The function to record, and its arguments: the root with symbolic tensors."""
        proxies = []
        for name, tensor in zip(self.inputs.names, self.inputs.tensors, strict=True):
            proxy = super().create_proxy("placeholder", name, (), {})
            self.values[proxy.node] = tensor.clone()
            proxies.append(proxy)

        def run(root: nn.Module) -> Any:
            args, kwargs = self.inputs.filled(proxies)
            return root_fn(root, *args, **kwargs)

        return run, [self.root]

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Record a call, or make it when a value is computed."""
        if self._evaluating:
            return forward(*args, **kwargs)
        # Not popped when the call raises: the last path is then the deepest that failed.
        self.running.append(self.path_of_module(m))
        value = super().call_module(m, forward, args, kwargs)
        self.running.pop()
        return value

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """A parameter as a symbolic value, or itself when a value is computed."""
        if self._evaluating:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """A symbolic value that can be asked for sizes."""
        return _Proxy(node, self)

    def create_proxy(self, *args: Any, **kwargs: Any) -> fx.Proxy:
        """Record an operation and compute it."""
        proxy = super().create_proxy(*args, **kwargs)
        if proxy.node not in self.values:
            self.values[proxy.node] = self._evaluate(proxy.node)
            self._refuse_values(proxy.node)
        return proxy

    def _evaluate(self, node: fx.Node) -> Any:
        """What the operation gives on the example; modules are called, not recorded again."""
        self._evaluating = True
        try:
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), self._value)
            if node.op == "get_attr":
                return _attribute(self.root, str(node.target))
            if node.op == "call_module":
                return self.root.get_submodule(str(node.target))(*args, **kwargs)
            if node.op == "call_method":
                return getattr(args[0], str(node.target))(*args[1:], **kwargs)
            return cast("Callable[..., Any]", node.target)(*args, **kwargs)
        finally:
            self._evaluating = False

    def _refuse_values(self, node: fx.Node) -> None:
        value = self.values[node]
        if value is None or next(tensors_in(value), None) is not None:
            return
        name = str(getattr(node.target, "__name__", node.target))
        if node.target is getattr or name in _SIZES:
            return
        if any(
            next(tensors_in(self._value(each)), None) is not None for each in node.all_input_nodes
        ):
            raise fx.proxy.TraceError(f"{name} takes numbers out of a tensor")

    def _value(self, node: fx.Node) -> Any:
        if node not in self.values:  # a tensor that fx stored on its own
            self.values[node] = _attribute(self.root, str(node.target))
        return self.values[node]

    def known(self, proxy: fx.Proxy) -> Any:
        """The value behind a symbolic one, for code that asks for it outside of operations.

        Raises:
            TraceError: it depends on tensors' values, or on sizes and must not.
        """
        value = self.values[proxy.node]
        if next(tensors_in(value), None) is not None:
            raise fx.proxy.TraceError("it decides on the values of tensors")
        if not self.by_size:
            raise fx.proxy.TraceError("it decides on the size of a tensor, such as the batch")
        return value

    def length(self, proxy: fx.Proxy) -> int:
        """How many items a symbolic value has."""
        value = self.values[proxy.node]
        if isinstance(value, torch.Tensor) and not self.by_size:
            raise fx.proxy.TraceError("it decides on the size of a tensor")
        return len(value)

    def to_bool(self, obj: fx.Proxy) -> bool:
        """What a branch decides on."""
        return bool(self.known(obj))


def _attribute(root: object, path: str) -> Any:
    for name in path.split("."):
        root = getattr(root, name)
    return root


class _Known:
    """What code may ask of a symbolic value without recording an operation."""

    tracer: Any

    def __len__(self) -> int:
        return cast("int", self.tracer.length(self))

    def __iter__(self) -> Iterator[Any]:
        value = self.tracer.values[cast("fx.Proxy", self).node]
        if isinstance(value, Mapping):
            return iter(value)
        return iter([self[place] for place in range(len(self))])  # type: ignore[index]

    def __int__(self) -> int:
        return int(self.tracer.known(self))

    def __index__(self) -> int:
        value = self.tracer.known(self)
        if not isinstance(value, int):
            raise TypeError(f"a {type(value).__name__} is no index")
        return value

    def __float__(self) -> float:
        return float(self.tracer.known(self))


class _Proxy(_Known, fx.Proxy):
    def __getattr__(self, k: str) -> Any:
        return _Attribute(self, k)


class _Attribute(_Known, fx.proxy.Attribute):
    def __getattr__(self, k: str) -> Any:
        return _Attribute(self, k)
