"""Make the blocks of a network and their variants without a target, or show them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kenning_lego.core.actions import run_action
from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import Main, run
from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.store.workspace import Workspace

_SCENARIO_SUFFIXES = (".yaml", ".yml")


class ShowConfig(Component):
    """What to show."""

    workspace: Path | None = None
    """Directory that `blocks make` or `test` made."""
    network: str | None = None
    """Show this network alone."""


def main(arguments: Sequence[str]) -> int:
    """Run the action that the first argument names.

    Raises:
        UnknownNameError: there is no such action.
    """
    return run_action("blocks", __doc__ or "", ACTIONS, arguments)


def make(arguments: Sequence[str]) -> int:
    """Cut a network, make its variants, retrain and profile them."""
    from kenning_lego.scenarios.offline.configuration import OfflineConfig
    from kenning_lego.scenarios.shared_files import parse_part_of_test

    config = parse_part_of_test(
        OfflineConfig,
        _with_model_flag(arguments),
        program="kenning-lego blocks make",
        description="Cut a network, make variants of its blocks, retrain and profile them. A "
        "MODEL's name may stand for the scenario.",
        common=(
            "workspace",
            "model.name",
            "model.checkpoint",
            "dataset.type",
            "dataset.root",
            "dataset.download",
            "training.epochs",
            "blocks.count",
            "blocks.ratios",
            "blocks.variants",
            "retraining.epochs",
        ),
        example="kenning-lego blocks make resnet18-digits --workspace w",
    )
    # --help and wrong flags need no torch.
    from kenning_lego.scenarios import progress
    from kenning_lego.scenarios.offline import run as offline
    from kenning_lego.scenarios.offline.showing import print_network
    from kenning_lego.scenarios.step_counts import LOADING, steps_of_blocks
    from kenning_lego.scenarios.tester.summary import describe_errors

    console = progress.make_console()
    workspace = Workspace(config.workspace)
    step = progress.Steps(console, steps_of_blocks(config))
    with step(LOADING):
        given = offline.load(config)
    console.print(f"network {config.model.name} on {given.dataset}", soft_wrap=True)
    made = offline.make(config, given, workspace, step)
    print_network(console, made.manifest)
    console.print(describe_errors(made.profile.record), soft_wrap=True)
    count = sum(len(each.variants) for each in made.manifest.segments if each.scalable)
    current().figures(blocks=len(made.chain.blocks), variants=count)
    current().wrote("blocks", workspace.network(config.model.name))
    return 0


def show(arguments: Sequence[str]) -> int:
    """Print the segments, blocks and variants of a workspace's networks."""
    config = parse_configuration(
        ShowConfig,
        arguments,
        program="kenning-lego blocks show",
        description="Print the segments of a workspace's networks, their variants and their place.",
        positional="workspace",
        example="kenning-lego blocks show w",
    )
    directories = _directories(config)
    from kenning_lego.blocks.storage.networks import read_manifest
    from kenning_lego.scenarios.offline.showing import print_network
    from kenning_lego.scenarios.progress import make_console

    manifests = [read_manifest(each) for each in directories]
    current().answer([each.model_dump(mode="json") for each in manifests])
    console = make_console()
    for manifest in manifests:
        print_network(console, manifest)
    return 0


def _with_model_flag(arguments: Sequence[str]) -> list[str]:
    """A first argument that is neither a flag nor a scenario names the model."""
    first, *rest = arguments or [""]
    if not first or first.startswith("-") or Path(first).suffix in _SCENARIO_SUFFIXES:
        return list(arguments)
    return ["--model.name", first, *rest]


def _directories(config: ShowConfig) -> list[Path]:
    if config.workspace is None:
        raise ConfigurationError("which workspace?", "kenning-lego blocks show WORKSPACE")
    if not (config.workspace / "manifest.json").is_file():
        raise ConfigurationError(
            f"{config.workspace} is not a workspace", "name one that `blocks make` made"
        )
    workspace = Workspace(config.workspace)
    held = workspace.networks()
    if not held:
        raise ConfigurationError(
            f"{config.workspace} holds no blocks", "make some with `kenning-lego blocks make`"
        )
    if config.network is None:
        return held
    wanted = workspace.network(config.network)
    if wanted not in held:
        raise UnknownNameError("network", config.network, (each.name for each in held))
    return [wanted]


ACTIONS: Mapping[str, Main] = {"make": make, "show": show}


if __name__ == "__main__":
    sys.exit(run(main))
