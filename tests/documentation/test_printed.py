"""What the documentation prints is run as it is printed, with settings that make it small."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import kenning_lego
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.custom import CustomDataset
from kenning_lego.datasets.image_folder import ImageFolder
from kenning_lego.scenarios import inference_tester, selection
from kenning_lego.scenarios.describing.kenning import read_kenning
from kenning_lego.scenarios.describing.verbs import VERBS
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig
from tests.datasets.image_files import write_classes
from tests.targets import ServerProcess, running_server

ROOT = Path(kenning_lego.__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ADDRESS = "tcp://127.0.0.1:5570"
TINY: dict[str, dict[str, Any]] = {
    "model": {"name": "tests.networks:tiny_resnet"},
    "training": {"epochs": 1},
    "blocks": {"count": 2, "ratios": [0.0, 0.5]},
    "retraining": {"epochs": 1},
    "profile": {"check_runs": 0},
    "measurement": {"min_rounds": 5, "max_rounds": 5, "warmup_rounds": 2, "additivity_runs": 0},
}
"""Beside what is printed."""


@dataclass(frozen=True)
class Printed:
    """A block of code on a page."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.text.splitlines()[0][:40]}"


def printed(language: str) -> list[Printed]:
    return [
        Printed(page.relative_to(ROOT).as_posix(), language, match[1])
        for page in PAGES
        for match in re.finditer(
            rf'(?ms)^```{language}(?: title="[^"]*")?\n(.*?)^```$', page.read_text()
        )
    ]


def the(language: str, page: str, mark: str) -> str:
    """The block of a page that has that text."""
    (found,) = [e.text for e in printed(language) if e.page == page and mark in e.text]
    return found


def scenario_of(text: str) -> type[Any]:
    """The configuration that the first line's command takes; without one, that of a test."""
    match = re.match(r"# .*?kenning-lego ([a-z]+)", text)
    return VERBS[match[1]].model if match else InferenceTestConfig


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ServerProcess]]:
    """A directory in which the README's scenario was run, and the server that it ran on."""
    directory = tmp_path_factory.mktemp("readme")
    (directory / "examples").mkdir()
    scenario = the("yaml", "README.md", "examples/digits.yaml")
    with running_server(directory) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        content = {**yaml.safe_load(scenario.replace(ADDRESS, server.address)), **TINY}
        Path("examples/digits.yaml").write_text(yaml.safe_dump(content))
        Path("printed.yaml").write_text(scenario)
        flags = f"--target.address {server.address} --model.name {TINY['model']['name']}"
        for part in ("training", "retraining", "profile", "measurement", "blocks"):
            for name, value in TINY[part].items():
                values = " ".join(map(str, value)) if isinstance(value, list) else value
                flags += f" --{part}.{name.replace('_', '-')} {values}"
        assert run(inference_tester.main, ["printed.yaml", *flags.split()]) == 0
        yield directory, server


def test_example_is_the_readmes() -> None:
    printed_one = yaml.safe_load(the("yaml", "README.md", "examples/digits.yaml"))
    assert yaml.safe_load((ROOT / "examples" / "digits.yaml").read_text()) == printed_one


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda p: p.name)
def test_every_example_is_valid(path: Path) -> None:
    text = path.read_text()
    scenario_of(text).model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("block", printed("yaml"), ids=str)
def test_every_printed_scenario_is_valid(block: Printed, tmp_path: Path) -> None:
    content = yaml.safe_load(block.text)
    if "jobs" in content:  # a workflow of a CI service
        return
    if "protocol" in content:  # Kenning's own
        path = tmp_path / "kenning.yml"
        path.write_text(block.text)
        assert read_kenning(path).config.target.address == ADDRESS
        return
    model = scenario_of(block.text)
    needed = {"workspace": "w"} if model is InferenceTestConfig else {}
    model.model_validate({**needed, **content})


@pytest.mark.parametrize("block", printed("python"), ids=str)
def test_every_printed_program_can_be_compiled(block: Printed) -> None:
    compile(block.text, block.page, "exec")


def test_readmes_scenario_and_program_run(
    tested: tuple[Path, ServerProcess],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    directory, server = tested
    monkeypatch.chdir(directory)
    program = the("python", "README.md", "import kenning_lego as kl")
    exec(compile(program.replace(ADDRESS, server.address), "README.md", "exec"), {})
    assert capsys.readouterr().out.count("found in the workspace") >= 4
    with kenning_lego.connect(server.address) as target:
        assert [each.name for each in target.deployments.list()] == ["digits"]
        target.deployments.unload("digits")


def test_page_on_choosing_runs(
    tested: tuple[Path, ServerProcess],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    directory, server = tested
    monkeypatch.chdir(tmp_path)
    Path("workspaces").mkdir()
    for name in ("digits", "camera", "microphone"):
        Path("workspaces", name).symlink_to(directory / "workspaces" / "digits")
    Path("networks.yaml").write_text(the("yaml", "docs/how-to/online.md", "select networks.yaml"))
    assert run(selection.main, ["networks.yaml"]) == 0
    assert "budget-1: exact" in capsys.readouterr().out
    program = the("python", "docs/how-to/online.md", "kl.open_tested")
    exec(compile(program.replace(ADDRESS, server.address), "docs/how-to/online.md", "exec"), {})
    assert "camera" in capsys.readouterr().out
    with kenning_lego.connect(server.address) as target:
        target.deployments.unload("camera")


def test_page_on_data_names_a_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write_classes(Path("photographs"), ("cat", "dog"), 10)
    (block,) = [each for each in printed("yaml") if each.page == "docs/how-to/datasets.md"]
    dataset = ImageFolder.model_validate(yaml.safe_load(block.text)["dataset"]).load()
    assert dataset.classes == ("cat", "dog")
    assert dataset.test.take([0]).images.shape == (1, 3, 160, 160)


def test_page_on_own_data_makes_a_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = "docs/how-to/own-dataset.md"
    (tmp_path / "my_data.py").write_text(the("python", page, "class Spectra"))
    monkeypatch.syspath_prepend(tmp_path)
    settings = yaml.safe_load(the("yaml", page, "spectra.yaml"))["dataset"]
    dataset = CustomDataset.model_validate(settings).load()
    assert dataset.classes == ("low", "middle", "high")
    assert sum(map(len, dataset.parts.values())) == 900 + 225
    assert dataset.test.take([0, 1]).images.shape == (2, 1, 16, 16)


def test_page_on_own_networks_cuts_one(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.networks import tiny_resnet

    program = the("python", "docs/how-to/own-network.md", "chain = extract(model")
    names: dict[str, Any] = {"model": tiny_resnet().eval(), "example": torch.zeros(1, 1, 8, 8)}
    exec(compile(program, "docs/how-to/own-network.md", "exec"), names)
    assert "block" in capsys.readouterr().out
    assert names["smaller"] is not None


def test_settings_of_the_program_override_the_files(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("workspace: w\ntarget: {threads: 2}\ndataset: {type: cifar10, root: data}\n")
    with pytest.raises(ConfigurationError, match=r"'target\.threads'.*got 0"):
        kenning_lego.test(path, target={"threads": 0})
    with pytest.raises(ConfigurationError, match=r"unknown key 'dataset\.digits\.root'"):
        kenning_lego.test(path, dataset={"type": "digits", "root": "data"})
    with pytest.raises(ConfigurationError, match="'workspace' is missing"):
        kenning_lego.test()
    assert "test" in dir(kenning_lego)
