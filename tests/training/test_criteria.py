from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss, softmax

from kenning_lego.training.criteria import Criterion, MeanSquaredError, SoftLabels

LABELS = torch.tensor([0, 3, 1, 1, 2])


def tensors(*shapes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def differentiated(criterion: Criterion, outputs: list[Tensor], targets: list[Tensor]) -> Tensor:
    """The gradient by the first output's first element, from the loss's values."""
    step = 1e-2
    values = []
    for sign in (1, -1):
        moved = [each.clone() for each in outputs]
        moved[0].view(-1)[0] += sign * step
        values.append(criterion.value(moved, targets))
    return torch.tensor((values[0] - values[1]) / (2 * step))


def test_the_mean_squared_error_is_the_mean_over_outputs() -> None:
    outputs, targets = tensors((2, 3), (2, 5)), tensors((2, 3), (2, 5), seed=1)
    expected = (mse_loss(outputs[0], targets[0]) + mse_loss(outputs[1], targets[1])) / 2
    assert MeanSquaredError().value(outputs, targets) == pytest.approx(float(expected))


def test_the_gradients_of_the_mean_squared_error_are_those_of_torch() -> None:
    outputs, targets = tensors((2, 3), (2, 5)), tensors((2, 3), (2, 5), seed=1)
    leaves = [each.clone().requires_grad_() for each in outputs]
    losses = [mse_loss(leaf, target) for leaf, target in zip(leaves, targets, strict=True)]
    torch.autograd.backward(torch.stack(losses).mean())
    found = MeanSquaredError().gradients(outputs, targets)
    for leaf, gradient in zip(leaves, found, strict=True):
        assert leaf.grad is not None
        torch.testing.assert_close(gradient, leaf.grad)


def test_outputs_of_integers_do_not_count() -> None:
    outputs, targets = tensors((2, 3)), tensors((2, 3), seed=1)
    alone = MeanSquaredError().value(outputs, targets)
    beside = [*outputs, LABELS], [*targets, LABELS]
    assert MeanSquaredError().value(*beside) == pytest.approx(alone)
    first, second = MeanSquaredError().gradients(*beside)
    torch.testing.assert_close(first, MeanSquaredError().gradients(outputs, targets)[0])
    assert second is None


def test_gradients_have_the_precision_and_the_memory_format_of_the_output() -> None:
    (output,) = tensors((2, 3, 4, 4))
    output = output.bfloat16().contiguous(memory_format=torch.channels_last)
    (gradient,) = MeanSquaredError().gradients([output], [torch.zeros_like(output).float()])
    assert gradient is not None
    assert gradient.dtype == torch.bfloat16
    assert gradient.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("labels", [[], [LABELS]])
def test_the_gradient_of_soft_labels_is_that_of_its_value(labels: list[Tensor]) -> None:
    criterion = SoftLabels(temperature=2.0, label_share=0.3)
    outputs, targets = tensors((5, 4)), [*tensors((5, 4), seed=1), *labels]
    (gradient,) = criterion.gradients(outputs, targets)
    assert gradient is not None
    expected = differentiated(criterion, outputs, targets)
    assert float(gradient[0, 0]) == pytest.approx(float(expected), rel=1e-2)


def test_soft_labels_agree_with_themselves_and_mix_in_true_ones() -> None:
    (logits,) = tensors((5, 4))
    assert SoftLabels(3.0, 0.5).value([logits], [logits]) == pytest.approx(0, abs=1e-6)
    mixed = SoftLabels(3.0, 0.25).value([logits], [logits, LABELS])
    assert mixed == pytest.approx(0.25 * float(cross_entropy(logits, LABELS)), rel=1e-5)
    (other,) = tensors((5, 4), seed=1)
    soft, own = softmax(logits / 2, 1), softmax(other / 2, 1)
    divergence = (soft * (soft / own).log()).sum(1).mean() * 4
    assert SoftLabels(2.0, 0.0).value([other], [logits]) == pytest.approx(float(divergence))
