"""The datasets that a scenario can name; importing this loads neither data nor frameworks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kenning_lego.datasets.cifar import Cifar10, Cifar100
from kenning_lego.datasets.digits import Digits
from kenning_lego.datasets.fashion_mnist import FashionMnist

DatasetConfig = Annotated[Digits | Cifar10 | Cifar100 | FashionMnist, Field(discriminator="type")]
"""A field of this type is told by its ``type``: digits, cifar10, cifar100 or fashion_mnist."""
