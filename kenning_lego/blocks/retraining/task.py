"""Retraining a group of variants as a task: its place in the workspace, here or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.retraining.retrain import retrain_group, work_of
from kenning_lego.blocks.retraining.shipping import pack, unpack
from kenning_lego.store.workspace import Step
from kenning_lego.training.checkpoints import Checkpoints
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Student
from kenning_lego.training.distillation import Arrays, Means
from kenning_lego.training.precision import Precision
from kenning_lego.training.progress import OnProgress, ShouldStop
from kenning_lego.training.tasks import Call
from kenning_lego.training.weights import save_weights


@dataclass(frozen=True, slots=True, eq=False)
class RetrainTask:
    """Variants of one precision that are trained together.

    Args:
        chain: the original network.
        students: the variants; trained in place where the task is run in this process.
        training: images for each input of the network.
        validation: the same, to choose the epoch by.
        config: of the training.
        precision: of the activations.
        results: where each student's weights and losses go, by its name.
        checkpoints: the directory for its checkpoint.
        checkpoint_s: how often that is written.
        parcel: the directory for what another process needs.
    """

    chain: Chain
    students: Sequence[Student]
    training: Arrays
    validation: Arrays
    config: DistillationConfig
    precision: Precision
    results: Mapping[str, Step]
    checkpoints: Path
    checkpoint_s: float
    parcel: Path

    @property
    def name(self) -> str:
        """Such as ``the retraining of block.0@pruned-0.40 and 5 more``."""
        more = f" and {len(self.students) - 1} more" if len(self.students) > 1 else ""
        return f"the retraining of {self.students[0].name}{more}"

    @property
    def work(self) -> int:
        """As its progress counts it."""
        return work_of(self.students, self.training, self.validation, self.config)

    def run(self, on_progress: OnProgress, should_stop: ShouldStop) -> None:
        """Train, from the last checkpoint on if there is one, and keep weights and losses.

        Raises:
            ModelError, StoreError, KeyboardInterrupt: as :func:`.distil`.
        """
        checkpoints = Checkpoints(self.checkpoints, self.checkpoint_s)
        means = Means(
            self.precision,
            checkpoints=checkpoints,
            on_progress=on_progress,
            should_stop=should_stop,
        )
        found = retrain_group(
            self.chain, self.students, self.training, self.validation, self.config, means
        )
        for student in self.students:
            step = self.results[student.name]
            save_weights(step.weights, {student.name: student.module})
            step.save({**asdict(found[student.name]), "precision": self.precision})
        checkpoints.discard()

    def ship(self) -> Call:
        """Write network, variants and images to files.

        Raises:
            ModelError: a module is made of code that files cannot hold.
            StoreError: they cannot be written.
        """
        pack(self.parcel, self.chain, self.students, self.training, self.validation)
        return Call(
            f"{__name__}:run_shipped",
            {
                "parcel": str(self.parcel),
                "students": [each.name for each in self.students],
                "config": self.config.model_dump(mode="json"),
                "precision": self.precision,
                "results": {
                    name: {key: str(value) for key, value in asdict(each).items()}
                    for name, each in self.results.items()
                },
                "checkpoints": str(self.checkpoints),
                "checkpoint_s": self.checkpoint_s,
            },
        )


def run_shipped(
    *,
    parcel: str,
    students: Sequence[str],
    config: Mapping[str, object],
    precision: Precision,
    results: Mapping[str, Mapping[str, str]],
    checkpoints: str,
    checkpoint_s: float,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> None:
    """Do a task that :meth:`RetrainTask.ship` wrote the files of."""
    content = unpack(Path(parcel), students)
    RetrainTask(
        content.chain,
        content.students,
        content.training,
        content.validation,
        DistillationConfig.model_validate(config),
        precision,
        {
            name: Step(each["name"], each["key"], Path(each["path"]), Path(each["weights"]))
            for name, each in results.items()
        },
        Path(checkpoints),
        checkpoint_s,
        Path(parcel),
    ).run(on_progress, should_stop)
