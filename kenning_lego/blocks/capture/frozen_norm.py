"""Batch normalisation with constant statistics and affine terms, as detectors use it.

Such modules keep everything in buffers and compute with tensor operations, where nothing tells that
the buffers go with channels. They become one layer here, so that their channels can be pruned.
"""

from __future__ import annotations

from torch import Tensor, nn

_BUFFERS = ("weight", "bias", "running_mean", "running_var")
_EPS = 1e-5


class FrozenNorm(nn.BatchNorm2d):
    """Batch normalisation that uses its statistics in training too.

    Its arithmetic, bit for bit, is that of the usual classes of this kind, which fold the
    statistics into the affine terms; :class:`torch.nn.BatchNorm2d` rounds otherwise.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """(samples, channels, h, w) to the same shape."""
        tensors: dict[str, Tensor] = {name: getattr(self, name) for name in _BUFFERS}
        weight, bias, mean, variance = (each.reshape(1, -1, 1, 1) for each in tensors.values())
        scale = weight * (variance + self.eps).rsqrt()
        return input * scale + (bias - mean * scale)


def unify_frozen_norms(model: nn.Module) -> None:
    """Replace such modules of any library, told by their buffers, by :class:`FrozenNorm`."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if _is_frozen_norm(child):
                setattr(parent, name, _unified(child))


def _is_frozen_norm(module: nn.Module) -> bool:
    buffers = dict(module.named_buffers())
    return (
        buffers.keys() == set(_BUFFERS)
        and len({each.shape for each in buffers.values()}) == 1
        and buffers["weight"].dim() == 1
        and next(module.parameters(), None) is None
        and next(module.children(), None) is None
    )


def _unified(module: nn.Module) -> FrozenNorm:
    own = FrozenNorm(len(module.get_buffer("weight")), eps=float(getattr(module, "eps", _EPS)))
    own.load_state_dict(
        {**own.state_dict(), **{name: module.get_buffer(name) for name in _BUFFERS}}
    )
    return own.requires_grad_(requires_grad=False).train(module.training)
