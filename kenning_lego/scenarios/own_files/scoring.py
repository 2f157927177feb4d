"""Quality of a file's network, from outputs that came from the target."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.core.target import Target
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.feeding import Feed, InputConfig
from kenning_lego.metrics.base import Metric
from kenning_lego.metrics.classification_report import classification_report
from kenning_lego.runtimes.quantisation import to_array, to_bytes
from kenning_lego.scenarios.tester.measuring import Scored

_DECODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Examination:
    """Data, a metric, and how the network is asked.

    Args:
        dataset: whose test part is asked.
        metric: of the answers.
        feed: from images to what the network takes.
        input: its specification.
        place: of the output that counts, among all of them.
        output: its specification.
    """

    dataset: Dataset
    metric: Metric
    feed: Feed
    input: TensorSpec
    place: int
    output: TensorSpec


def examine(
    spec: IOSpec, dataset: Dataset, metric: Metric, config: InputConfig, output: str | None
) -> Examination:
    """How a network is asked about a dataset.

    Args:
        spec: of the network, its batch of 1 bound.
        dataset: of images and their classes.
        metric: of outputs.
        config: what becomes of images.
        output: name of the one that counts; None if there is only one.

    Raises:
        UsageError: the network does not take such images, or gives no score for each class.
    """
    feed = Feed(spec, dataset.input_shape, config)
    names = [each.name for each in spec.outputs]
    if output is None and len(names) > 1:
        raise ConfigurationError(
            f"the file has {len(names)} outputs: {', '.join(names)}",
            "say with --model.output which one holds the classes, or measure its latency alone "
            "with --dataset.type random",
        )
    if output is not None and output not in names:
        raise UnknownNameError("output of the file", output, names)
    place = names.index(output) if output is not None else 0
    found = spec.outputs[place]
    classes = len(dataset.classes)
    if found.sizes[:1] != (1,) or math.prod(found.sizes[1:]) != classes:
        raise ConfigurationError(
            f"the file gives {found}, the dataset {dataset.name!r} has {classes} classes",
            "name a dataset with as many classes, or measure its latency alone with "
            "--dataset.type random",
        )
    return Examination(dataset, metric, feed, spec.inputs[0], place, found)


def score(
    target: Target, examination: Examination, on_progress: Callable[[int, int, str], None]
) -> Scored:
    """Ask the composed pipeline about every test sample.

    Args:
        target: has the network composed, giving all its outputs.
        examination: what is asked.
        on_progress: called for each sample.
    """
    samples, classes = examination.dataset.test, examination.dataset.classes
    outputs = np.empty((len(samples), len(classes)), np.float32)
    done = 0
    for images, _ in samples.batches(_DECODED_AT_ONCE):
        for image in images:
            tensors, _ = target.infer([to_bytes(examination.feed(image), examination.input)])
            outputs[done] = to_array(tensors[examination.place], examination.output).ravel()
            done += 1
            on_progress(done, len(samples), "samples")
    return Scored(
        examination.metric.score(outputs, samples.labels),
        classification_report(outputs, samples.labels, classes),
    )
