from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.blocks.workshop import Outcome, retrain_once
from kenning_lego.core.errors import ModelError, UnknownNameError
from kenning_lego.store.workspace import Workspace
from tests.blocks.test_retrain import TRAINING, VALIDATION, Variants, prepared

CONFIG = RetrainConfig(epochs=3, batch_size=16, precision="float32")


def weights(variants: Variants) -> dict[str, torch.Tensor]:
    return {
        f"{variant.name}/{name}": tensor.clone()
        for several in variants.values()
        for variant in several
        for name, tensor in variant.module.state_dict().items()
    }


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def retrained(root: Path, config: RetrainConfig = CONFIG) -> tuple[Outcome, Variants]:
    torch.set_num_threads(1)
    chain, variants = prepared()
    outcome = retrain_once(chain, variants, TRAINING, VALIDATION, config, Workspace(root))
    return outcome, variants


def test_what_was_retrained_is_found_again(tmp_path: Path) -> None:
    first, trained = retrained(tmp_path / "w")
    second, found = retrained(tmp_path / "w")
    assert first.computed
    assert not second.computed
    assert first.values == second.values
    assert same(weights(trained), weights(found))
    assert not list((tmp_path / "w").glob("checkpoints/*"))


def test_with_another_ratio_only_that_is_trained(tmp_path: Path) -> None:
    retrained(tmp_path / "w")
    results = sorted((tmp_path / "w" / "steps" / "retraining").iterdir())
    times = [each.stat().st_mtime_ns for each in results]
    chain, _ = prepared()
    more = make_variants(chain, (0.0, 0.4, 0.6, 0.8))
    outcome = retrain_once(chain, more, TRAINING, VALIDATION, CONFIG, Workspace(tmp_path / "w"))
    assert outcome.computed
    assert len(outcome.values) == 6
    assert [each.stat().st_mtime_ns for each in results] == times


@pytest.mark.parametrize(
    "change", [{"epochs": 2}, {"learning_rate": 0.01}, {"seed": 1}, {"precision": "bfloat16"}]
)
def test_with_other_settings_all_are_trained(tmp_path: Path, change: dict[str, object]) -> None:
    retrained(tmp_path / "w")
    again, _ = retrained(tmp_path / "w", CONFIG.model_copy(update=change))
    assert again.computed


def test_how_it_is_computed_does_not_matter(tmp_path: Path) -> None:
    retrained(tmp_path / "w")
    change = {"max_memory_mb": 10**5, "processes": 3, "checkpoint_s": 5.0}
    again, _ = retrained(tmp_path / "w", CONFIG.model_copy(update=change))
    assert not again.computed


def test_two_processes_make_what_one_makes(tmp_path: Path) -> None:
    first, here = retrained(tmp_path / "here")
    config = CONFIG.model_copy(update={"executor": "processes", "processes": 2})
    second, elsewhere = retrained(tmp_path / "elsewhere", config)
    assert first == second
    assert same(weights(here), weights(elsewhere))
    assert not list((tmp_path / "elsewhere").glob("parcels/*"))


def test_an_executor_that_nobody_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown executor 'dusk'"):
        retrained(tmp_path / "w", CONFIG.model_copy(update={"executor": "dusk"}))


def test_a_training_that_fails_leaves_no_result(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="diverged"):
        retrained(tmp_path / "w", CONFIG.model_copy(update={"learning_rate": 1e38}))
    assert not list((tmp_path / "w").glob("steps/retraining/*"))


CHILD = """
import sys
from kenning_lego.core.entry import run
from kenning_lego.blocks.workshop import retrain_once
from kenning_lego.store.workspace import Workspace
from tests.blocks.test_retrain import TRAINING, VALIDATION, prepared
from tests.blocks.test_workshop import CONFIG
import torch

def main(arguments):
    torch.set_num_threads(1)
    chain, variants = prepared()
    change = {"epochs": int(arguments[1]), "executor": arguments[2], "checkpoint_s": 0.2}
    config = CONFIG.model_copy(update=change)
    tell = lambda done, total, text: print(done, flush=True)
    retrain_once(chain, variants, TRAINING, VALIDATION, config, Workspace(arguments[0]), tell)
    return 0

sys.exit(run(main))
"""


def end_a_retraining(root: Path, how: signal.Signals, epochs: int, executor: str) -> int:
    """Run it in a process of its own, and end that once it has left a checkpoint or told."""
    command = [sys.executable, "-c", CHILD, str(root), str(epochs), executor]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        assert child.stdout is not None
        while child.stdout.readline():
            if executor == "processes" or list(root.glob("checkpoints/*/state.json")):
                break
        child.send_signal(how)
        for _ in child.stdout:
            pass
    return child.returncode


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_process_that_is_ended_goes_on_to_the_same_weights(
    how: signal.Signals, code: int, tmp_path: Path
) -> None:
    epochs = 40
    config = CONFIG.model_copy(update={"epochs": epochs})
    assert end_a_retraining(tmp_path / "ended", how, epochs, "in-process") == code
    (checkpoint,) = (tmp_path / "ended" / "checkpoints").glob("*/state.json")
    state = json.loads(checkpoint.read_text())["state"]
    assert 1 <= state["epoch"] * 5 + state["batch"] < 200
    whole, uninterrupted = retrained(tmp_path / "whole", config)
    again, continued = retrained(tmp_path / "ended", config)
    assert whole == again
    assert same(weights(uninterrupted), weights(continued))


def test_other_processes_leave_checkpoints_when_the_first_is_interrupted(tmp_path: Path) -> None:
    code = end_a_retraining(tmp_path / "ended", signal.SIGINT, 10_000, "processes")
    assert code == 130
    assert list((tmp_path / "ended" / "checkpoints").glob("*/state.json"))
