"""InceptionV3 for 32x32 images.

Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for
Computer Vision", 2016, table 1 and figures 5 to 7 and 10. The stem keeps the size of the images,
and there is no auxiliary classifier.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from kenning_lego.models.layers import classifier, conv_norm_relu, initialise

_MIDDLE_WIDTHS = (128, 160, 160, 192)


class Branches(nn.ModuleList):
    """Modules that all get the input; their outputs are concatenated along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        """(samples, channels, h, w) to (samples, sum of the branches' channels, h', w')."""
        return torch.cat([branch(x) for branch in self], dim=1)


class InceptionV3(nn.Module):
    """Stem, three groups of branching modules with reductions between, and a classifier.

    Args:
        num_classes: outputs.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_norm_relu(3, 32, 3, 1, 1),
            conv_norm_relu(32, 32, 3, 1, 1),
            conv_norm_relu(32, 64, 3, 1, 1),
            conv_norm_relu(64, 80),
            conv_norm_relu(80, 192, 3),
        )
        self.small = nn.Sequential(_small(192, 32), _small(256, 64), _small(288, 64))
        self.reduction1 = _first_reduction()
        self.middle = nn.Sequential(*(_middle(width) for width in _MIDDLE_WIDTHS))
        self.reduction2 = _second_reduction()
        self.large = nn.Sequential(_large(1280), _large(2048))
        self.dropout = nn.Dropout()
        self.head = classifier(2048, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, 32, 32), to logits, (samples, num_classes)."""
        x = self.reduction1(self.small(self.stem(x)))
        x = self.large(self.reduction2(self.middle(x)))
        return cast("Tensor", self.head(self.dropout(x)))


def _pooled(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(3, 1, padding=1), conv_norm_relu(inputs, outputs))


def _small(inputs: int, pooled: int) -> Branches:
    """5x5 and two 3x3 convolutions: figure 5."""
    return Branches(
        [
            conv_norm_relu(inputs, 64),
            nn.Sequential(conv_norm_relu(inputs, 48), conv_norm_relu(48, 64, 5, 1, 2)),
            nn.Sequential(
                conv_norm_relu(inputs, 64),
                conv_norm_relu(64, 96, 3, 1, 1),
                conv_norm_relu(96, 96, 3, 1, 1),
            ),
            _pooled(inputs, pooled),
        ]
    )


def _first_reduction() -> Branches:
    return Branches(
        [
            conv_norm_relu(288, 384, 3, 2),
            nn.Sequential(
                conv_norm_relu(288, 64),
                conv_norm_relu(64, 96, 3, 1, 1),
                conv_norm_relu(96, 96, 3, 2),
            ),
            nn.MaxPool2d(3, 2),
        ]
    )


def _row(inputs: int, outputs: int, length: int = 7) -> nn.Sequential:
    return conv_norm_relu(inputs, outputs, (1, length), 1, (0, length // 2))


def _column(inputs: int, outputs: int, length: int = 7) -> nn.Sequential:
    return conv_norm_relu(inputs, outputs, (length, 1), 1, (length // 2, 0))


def _middle(width: int) -> Branches:
    """7x7 convolutions as rows and columns: figure 6."""
    return Branches(
        [
            conv_norm_relu(768, 192),
            nn.Sequential(conv_norm_relu(768, width), _row(width, width), _column(width, 192)),
            nn.Sequential(
                conv_norm_relu(768, width),
                _column(width, width),
                _row(width, width),
                _column(width, width),
                _row(width, 192),
            ),
            _pooled(768, 192),
        ]
    )


def _second_reduction() -> Branches:
    return Branches(
        [
            nn.Sequential(conv_norm_relu(768, 192), conv_norm_relu(192, 320, 3, 2)),
            nn.Sequential(
                conv_norm_relu(768, 192),
                _row(192, 192),
                _column(192, 192),
                conv_norm_relu(192, 192, 3, 2),
            ),
            nn.MaxPool2d(3, 2),
        ]
    )


def _large(inputs: int) -> Branches:
    """Rows and columns side by side: figure 7."""
    return Branches(
        [
            conv_norm_relu(inputs, 320),
            nn.Sequential(conv_norm_relu(inputs, 384), _cross()),
            nn.Sequential(conv_norm_relu(inputs, 448), conv_norm_relu(448, 384, 3, 1, 1), _cross()),
            _pooled(inputs, 192),
        ]
    )


def _cross() -> Branches:
    return Branches([_row(384, 384, 3), _column(384, 384, 3)])
