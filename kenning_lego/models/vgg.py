"""VGG for 32x32 images, with batch normalisation.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", 2015, configurations A, B, D and E.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor, nn

from kenning_lego.models.layers import initialise

_WIDTHS = (64, 128, 256, 512, 512)
_COUNTS: Mapping[int, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


class Vgg(nn.Module):
    """Five stages of 3x3 convolutions, each ending in a pooling, and linear layers.

    Args:
        depth: 11, 13, 16 or 19: counts the layers with weights of the network for ImageNet.
        hidden: outputs of the linear layers before the last. The usual two of 4096 hold more
            than half of the parameters; without them VGG-16 has 14.8 million of 34.0.
        num_classes: outputs.
    """

    def __init__(
        self,
        depth: Literal[11, 13, 16, 19] = 16,
        hidden: Sequence[int] = (4096, 4096),
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width, count in zip(_WIDTHS, _COUNTS[depth], strict=True):
            for _ in range(count):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential()
        for width in hidden:
            self.classifier.extend([nn.Linear(before, width), nn.ReLU(), nn.Dropout()])
            before = width
        self.classifier.append(nn.Linear(before, num_classes))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, 32, 32), to logits, (samples, num_classes)."""
        return self.classifier(self.flatten(self.features(x)))  # type: ignore[no-any-return]
