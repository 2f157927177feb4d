"""What of a retraining is still to do, as tasks, and its results in the workspace.

Every variant has a result of its own, found by what it depends on: the variant, the network as
far as the variant's block, the images and the settings. With another ratio, only that is trained.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.retraining.groups import group
from kenning_lego.blocks.retraining.retrain import precisions_of
from kenning_lego.blocks.retraining.task import RetrainTask
from kenning_lego.core.errors import StoreError
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import Step, Workspace
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Student
from kenning_lego.training.distillation import Arrays
from kenning_lego.training.precision import Precision
from kenning_lego.training.weights import load_weights, module_fingerprint

_VERSION = 2
_PRECISION_VERSION = 1
_GROUP_VERSION = 1


class RetrainBench:
    """A retraining in a workspace.

    Args:
        chain: the original network.
        students: the variants, not yet trained: they are identified by their weights.
        training: images for each input of the network.
        validation: the same, to choose the epoch by.
        config: how.
        workspace: of the results.
    """

    def __init__(
        self,
        chain: Chain,
        students: Sequence[Student],
        training: Arrays,
        validation: Arrays,
        config: RetrainConfig,
        workspace: Workspace,
    ) -> None:
        self._chain = chain
        self._students = students
        self._training = training
        self._validation = validation
        self._config = config
        self._learning = DistillationConfig.model_validate(
            config.model_dump(include=set(DistillationConfig.model_fields))
        )
        self._workspace = workspace
        self._steps = self._find_steps()

    def tasks(self, processes: int) -> list[RetrainTask]:
        """What is still to do, in groups that fit into memory.

        Args:
            processes: how many tasks are to be done side by side.

        Raises:
            ConfigurationError: a single variant takes more than ``max_memory_mb``.
            ModelError: the network or a variant refuses the images.
        """
        done = {each.name for each in self._students if self._load(each) is not None}
        if len(done) == len(self._students):
            return []
        precisions = self._precisions()
        # All are grouped, those that are done too: so a group finds its checkpoint again.
        groups = group(
            self._chain,
            self._students,
            precisions,
            self._training,
            self._validation,
            self._config,
            processes,
        )
        return [
            self._task(each, [student for student in each if student.name not in done], precisions)
            for each in groups
            if not done.issuperset(student.name for student in each)
        ]

    def collect(self) -> dict[str, float]:
        """Put all results' weights into the variants; their validation losses by name.

        Raises:
            StoreError: a result is missing.
        """
        losses = {}
        for student in self._students:
            found = self._load(student)
            if found is None:
                raise StoreError(f"the weights of {student.name} are missing", "run it again")
            losses[student.name] = float(found["loss_after"])
        shutil.rmtree(self._parcel, ignore_errors=True)
        return losses

    def _task(
        self,
        whole: Sequence[Student],
        students: Sequence[Student],
        precisions: Mapping[str, Precision],
    ) -> RetrainTask:
        keys = {"variants": [self._steps[each.name].key for each in whole]}
        key = self._workspace.step("retraining-group", _GROUP_VERSION, keys).key
        return RetrainTask(
            self._chain,
            students,
            self._training,
            self._validation,
            self._learning,
            precisions[whole[0].name],
            {each.name: self._steps[each.name] for each in students},
            self._workspace.root / "checkpoints" / key,
            self._config.checkpoint_s,
            self._parcel,
        )

    def _load(self, student: Student) -> dict[str, Any] | None:
        """The student's result, its weights in its module; None if there is none."""
        step = self._steps[student.name]
        found = step.load()
        if found is None or not load_weights(step.weights, {student.name: student.module}):
            return None
        return found

    def _precisions(self) -> Mapping[str, Precision]:
        """Found once: a training that goes on must do so in the precision that it began with."""
        keys = {"variants": [each.key for each in self._steps.values()]}
        step = self._workspace.step("precision", _PRECISION_VERSION, keys)
        found = step.load()
        if found is not None:
            return found
        chosen = precisions_of(self._chain, self._students, self._training, self._learning)
        step.save(chosen)
        return chosen

    @cached_property
    def _parcel(self) -> Path:
        """Where other processes find the network: one place for all tasks."""
        keys = {"variants": [each.key for each in self._steps.values()]}
        key = self._workspace.step("parcel", _GROUP_VERSION, keys).key
        return self._workspace.root / "parcels" / key

    def _find_steps(self) -> dict[str, Step]:
        images = fingerprint(
            {
                f"{part}/{number}": array
                for part, arrays in (("training", self._training), ("validation", self._validation))
                for number, array in enumerate(arrays)
            }
        )
        segments = [(each.name, module_fingerprint(each.module)) for each in self._chain]
        places = {name: place for place, (name, _) in enumerate(segments)}
        return {
            each.name: self._workspace.step(
                "retraining",
                _VERSION,
                {
                    "variant": [each.name, module_fingerprint(each.module)],
                    "network": segments[: places[each.subject] + 1],
                    "images": images,
                    "retraining": self._learning.model_dump(mode="json"),
                    "torch": str(torch.__version__),
                },
            )
            for each in self._students
        }
