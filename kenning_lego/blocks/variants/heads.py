"""Where in a traced network heads of attention can be removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from torch import fx, nn

from kenning_lego.blocks.capture.shapes import Value
from kenning_lego.blocks.variants.attention import Attention, of_layer
from kenning_lego.blocks.variants.attention_function import of_function


def find_attentions(
    nodes: Sequence[fx.Node], modules: Mapping[str, nn.Module], values: Mapping[fx.Node, Value]
) -> tuple[Attention, ...]:
    """All attention whose heads can be removed.

    Args:
        nodes: a traced network, or a piece of one, in order.
        modules: the network's modules by path.
        values: what each node gave.
    """
    inside = {node.name for node in nodes}
    targets = Counter(str(node.target) for node in nodes if node.op == "call_module")
    found = []
    for node in nodes:
        if node.op == "call_module":
            attention = of_layer(node, modules[str(node.target)])
        else:
            attention = of_function(node, modules, values)
        if attention is None or not inside.issuperset((*attention.nodes, attention.result)):
            continue
        paths = [str(each.target) for each in nodes if each.name in attention.nodes]
        if attention.heads > 1 and all(targets[path] <= 1 for path in paths):
            found.append(attention)
    return tuple(found)
