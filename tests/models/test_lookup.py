from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from kenning_lego.core.errors import ConfigurationError, ModelError, UnknownNameError
from kenning_lego.datasets.base import Part, normalise
from kenning_lego.metrics.classification import TOP1
from kenning_lego.models.lookup import NETWORKS, load_model
from kenning_lego.training.prediction import evaluate

SHARED = Path(
    os.environ.get("KENNING_LEGO_SHARED_DATA")
    or Path(__file__).parents[2].parent / "shared" / "data"
)

MADE = f"{__name__}:tiny"


def tiny(outputs: int = 3) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, outputs))


def not_a_module() -> int:
    return 1


def save_safetensors(weights: dict[str, torch.Tensor], path: Path) -> Path:
    path = path.with_suffix(".safetensors")
    safetensors.torch.save_file(weights, path)
    return path


def save_plain(weights: dict[str, torch.Tensor], path: Path) -> Path:
    torch.save(weights, path)
    return path


def save_nested(weights: dict[str, torch.Tensor], path: Path) -> Path:
    prefixed = {f"module.{name}": each for name, each in weights.items()}
    torch.save({"state_dict": prefixed, "epoch": 7}, path)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_every_registered_network_can_be_made(name: str) -> None:
    with torch.device("meta"):
        model = load_model(name)
    assert not model.training
    if "cifar" in name:
        last = [each for each in model.modules() if isinstance(each, nn.Linear)][-1]
        assert last.out_features == (100 if name.endswith("cifar100") else 10)


def test_a_dotted_path_is_called_with_the_arguments() -> None:
    assert load_model(MADE, outputs=7)(torch.zeros(2, 1, 3, 3)).shape == (2, 7)


@pytest.mark.parametrize("save", [save_safetensors, save_plain, save_nested])
def test_checkpoints_of_every_form_restore_the_weights(
    save: Callable[[dict[str, torch.Tensor], Path], Path], tmp_path: Path
) -> None:
    original = tiny()
    path = save(original.state_dict(), tmp_path / "weights.pt")
    loaded = load_model(MADE, checkpoint=path)
    for name, weight in original.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight)


def test_old_checkpoints_without_batch_counters_load(tmp_path: Path) -> None:
    weights = tiny().state_dict()
    del weights["1.num_batches_tracked"]
    load_model(MADE, checkpoint=save_plain(weights, tmp_path / "weights.pt"))


def test_a_checkpoint_of_another_network_names_the_first_differences(tmp_path: Path) -> None:
    weights = {"3.weight": torch.zeros(5, 2), "head": torch.zeros(1)}
    path = save_safetensors(weights, tmp_path / "other")
    with pytest.raises(ModelError) as caught:
        load_model(MADE, checkpoint=path)
    message = str(caught.value)
    assert "0.weight, 0.bias, 1.weight and 4 more missing" in message
    assert "head unexpected" in message
    assert "3.weight (5, 2) for (3, 2) of another shape" in message


def test_a_pickle_with_more_than_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(tiny(), path)
    with pytest.raises(ConfigurationError, match="holds more than weights"):
        load_model(MADE, checkpoint=path)


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pt"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04 not a zip"])
def test_a_damaged_checkpoint_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=name):
        load_model(MADE, checkpoint=path)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.pt"
    torch.save([1, 2], path)
    with pytest.raises(ConfigurationError, match="is not a state dict"):
        load_model(MADE, checkpoint=path)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no checkpoint .*gone\.pt"):
        load_model(MADE, checkpoint=tmp_path / "gone.pt")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'resnet18-cifar10'"):
        load_model("resnet18-cifar-10")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no_such_package.nets:net", "there is no module 'no_such_package'"),
        ("tests.models.no_such_module:net", "there is no module 'tests.models.no_such_module'"),
        (":tiny", "names no callable"),
        (".relative:tiny", "names no callable"),
        ("tests.models:", "names no callable"),
        (f"{__name__}:tyny", "unknown name in .*did you mean 'tiny'"),
        (f"{__name__}:SHARED", "not a callable"),
        (f"{__name__}:not_a_module", "returned int, not a torch.nn.Module"),
    ],
)
def test_a_path_that_makes_no_network_is_refused(name: str, problem: str) -> None:
    with pytest.raises((ConfigurationError, UnknownNameError), match=problem):
        load_model(name)


def test_arguments_that_the_callable_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="unexpected keyword argument 'width'"):
        load_model(MADE, width=3)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import no_such_dependency", "needs 'no_such_dependency'"),
        ("from json import no_such_name", "cannot be imported"),
        ("def", "cannot be imported"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_the_reason(
    source: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_nets.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=problem):
        load_model("broken_nets:net")


@pytest.fixture
def resnet20() -> nn.Module:
    checkpoint = SHARED / "models" / "cifar_resnet_akamaster" / "resnet20-12fca82f.th"
    if not checkpoint.is_file():
        pytest.skip(f"no shared data in {SHARED}; KENNING_LEGO_SHARED_DATA names another place")
    return load_model("resnet20-cifar10", checkpoint=checkpoint)


def test_a_checkpoint_made_by_others_loads(resnet20: nn.Module) -> None:
    assert sum(each.numel() for each in resnet20.parameters()) == 269_722  # as published


def test_a_network_trained_by_others_scores_as_published(resnet20: nn.Module) -> None:
    image = pytest.importorskip("PIL.Image", reason="needs Pillow to decode the images")
    rows = np.asarray(image.open(SHARED / "images" / "cifar10_test.webp"))[: 5 * 32]
    pixels = rows.reshape(5, 32, 100, 32, 3).transpose(0, 2, 4, 1, 3).reshape(500, 3, 32, 32)
    images = normalise(pixels, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    # 100 images a row of the sheet, label = index % 10; published for all 10,000: 0.9173.
    assert 0.88 < evaluate(resnet20, Part(images, np.arange(500) % 10), TOP1) < 0.96
