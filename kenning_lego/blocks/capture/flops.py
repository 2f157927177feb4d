"""Counting of FLOPs: 2 x multiply-accumulates of convolutions and matrix products."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

_Shape = tuple[int, ...]


def flop_counter() -> FlopCounterMode:
    """A counter of FLOPs that also knows the fused attention kernels of the CPU.

    Torch's own counts these as nothing. Elementwise work, normalisation and pooling are not
    counted.
    """
    aten = torch.ops.aten
    return FlopCounterMode(
        display=False,
        custom_mapping={
            aten._scaled_dot_product_flash_attention_for_cpu: _attention,
            aten._native_multi_head_attention: _multi_head_attention,
        },
    )


def _attention(query: _Shape, key: _Shape, value: _Shape, *_: Any, **__: Any) -> int:
    """Scores, and the sums that they weigh: shapes (batch, heads, tokens, width of a head)."""
    batch, heads, tokens, width = query
    return 2 * batch * heads * tokens * key[2] * (width + value[3])


def _multi_head_attention(query: _Shape, key: _Shape, *_: Any, **__: Any) -> int:
    """Four projections and the attention of a whole layer: shapes (batch, tokens, width)."""
    batch, tokens, width = query
    projections = 2 * batch * width * width * 2 * (tokens + key[1])
    return projections + 4 * batch * tokens * key[1] * width
