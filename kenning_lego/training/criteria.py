"""What students are trained for: losses that give their own gradients.

A loss that is differentiated by hand spares the passes over large outputs that the automatic way
makes, and keeps their memory format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

Tensors = Sequence[Tensor]


class Criterion(Protocol):
    """A loss, the mean over the samples."""

    def gradients(self, outputs: Tensors, targets: Tensors) -> list[Tensor | None]:
        """Of the loss by each output; None for outputs that do not count."""
        ...

    def value(self, outputs: Tensors, targets: Tensors) -> float:
        """The loss."""
        ...


@dataclass(frozen=True, slots=True)
class MeanSquaredError:
    """Mean over the outputs of their mean squared errors; outputs of integers do not count."""

    def gradients(self, outputs: Tensors, targets: Tensors) -> list[Tensor | None]:
        """2 / n x (output - target), in the output's precision."""
        count = sum(map(torch.is_floating_point, outputs))
        return [
            (output - target).mul_(2 / (output.numel() * count)).to(output.dtype)
            if output.is_floating_point()
            else None
            for output, target in zip(outputs, targets, strict=True)
        ]

    def value(self, outputs: Tensors, targets: Tensors) -> float:
        """Summed in float32, whatever the precision of the outputs."""
        losses = [
            torch.linalg.vector_norm(output - target, dtype=torch.float32).square() / target.numel()
            for output, target in zip(outputs, targets, strict=True)
            if output.is_floating_point()
        ]
        return float(torch.stack(losses).mean())


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """Cross-entropy with a teacher's softened labels, and with true ones where there are any.

    Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.

    Args:
        temperature: that softens the teacher's labels.
        label_share: weight of the true labels, 0..1; targets are logits and labels, or logits.
    """

    temperature: float
    label_share: float

    def gradients(self, outputs: Tensors, targets: Tensors) -> list[Tensor | None]:
        """Of logits, (samples, classes); automatic, since these are small."""
        (logits,) = outputs
        given = logits.detach().float().requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(self._loss(given, targets), given)
        return [gradient.to(logits.dtype)]

    def value(self, outputs: Tensors, targets: Tensors) -> float:
        """Of logits, (samples, classes)."""
        (logits,) = outputs
        return float(self._loss(logits.float(), targets))

    def _loss(self, logits: Tensor, targets: Tensors) -> Tensor:
        soft = log_softmax(targets[0].float() / self.temperature, dim=1)
        own = log_softmax(logits / self.temperature, dim=1)
        loss = kl_div(own, soft, reduction="batchmean", log_target=True) * self.temperature**2
        if len(targets) == 1:
            return loss
        hard = cross_entropy(logits, targets[1])
        return (1 - self.label_share) * loss + self.label_share * hard
