"""The datasets that a scenario can name; importing this loads neither data nor frameworks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kenning_lego.core.announced import Announced
from kenning_lego.core.configuration import Component
from kenning_lego.datasets.cifar import Cifar10, Cifar100
from kenning_lego.datasets.custom import CustomDataset
from kenning_lego.datasets.digits import Digits
from kenning_lego.datasets.image_folder import ImageFolder
from kenning_lego.datasets.imagenet import ImageNet
from kenning_lego.datasets.imagenette import Imagenette
from kenning_lego.datasets.mnist_family import FashionMnist, Mnist
from kenning_lego.datasets.pets import OxfordPets
from kenning_lego.datasets.random_data import RandomData

GROUP = "kenning_lego.datasets"
"""Entry points by which other packages announce datasets: components with a ``load`` that returns a
:class:`kenning_lego.datasets.base.Dataset`."""

DatasetConfig = Annotated[
    Digits
    | Cifar10
    | Cifar100
    | Mnist
    | FashionMnist
    | ImageFolder
    | OxfordPets
    | Imagenette
    | ImageNet
    | RandomData
    | CustomDataset,
    Field(discriminator="type"),
    Announced(GROUP, Component),
]
"""A field of this type is told by its ``type``, the short name of a dataset of ours or of one that
is announced."""
