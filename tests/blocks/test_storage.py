"""Networks come back from disk without their class, and nothing in the files can do more."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.storage.graphs import describe_graph, rebuild_graph
from kenning_lego.blocks.storage.networks import Findings, load_network, read_manifest, save_network
from kenning_lego.blocks.storage.unfold import unfold
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.core.errors import ModelError, StoreError, WorkspaceError
from kenning_lego.store.atomic import write_json
from tests.blocks import networks
from tests.blocks.test_extract import IMAGE, NETWORKS, make

OWN_CLASS = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        y = self.second(self.first(x).relu()) + 0.5
        return self.head(y.mean((2, 3)))
"""

SAVE = """
import sys, torch
from pathlib import Path
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.storage.networks import Findings, save_network
from kenning_lego.blocks.variants.variants import make_variants
from own_network import Net
torch.manual_seed(0)
chain = extract(Net(), torch.zeros(1, 1, 6, 6))
variants = make_variants(chain, (0.0, 0.5))
place = Path(sys.argv[1])
save_network(place, "net", chain, variants, Findings({}))
image = torch.rand(3, 1, 6, 6)
chosen = {name: several[-1].module.eval() for name, several in variants.items()}
outputs = [chain.run(image)[0], chain.replace(chosen).run(image)[0]]
torch.save([image, *outputs], place / "expected.pt")
"""

LOAD = """
import importlib.util, sys, torch
from pathlib import Path
from kenning_lego.blocks.storage.networks import load_network
assert importlib.util.find_spec("own_network") is None
place = Path(sys.argv[1])
image, *expected = torch.load(place / "expected.pt", weights_only=True)
stored = load_network(place)
chosen = {name: several[-1].module for name, several in stored.variants.items()}
outputs = [stored.chain.run(image)[0], stored.chain.replace(chosen).run(image)[0]]
assert all(map(torch.equal, outputs, expected))
"""


def saved(directory: Path, model: nn.Module, *inputs: Tensor) -> tuple[Chain, Variants]:
    chain = extract(model, inputs or IMAGE)
    variants = make_variants(chain, (0.0, 0.5))
    save_network(directory, "toy", chain, variants, Findings({}))
    return chain, variants


def test_a_network_is_made_again_where_its_class_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own_network.py").write_text(OWN_CLASS)
    for code, paths in ((SAVE, [tmp_path / "own"]), (LOAD, [])):
        path = [*map(str, paths), *filter(None, sys.path)]
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}", str(tmp_path)],
            check=True,
            cwd=tmp_path,
        )


@pytest.mark.parametrize(
    ("network", "inputs"),
    [(network, inputs) for network, inputs, _ in NETWORKS.values() if network != networks.Gated],
    ids=[name for name, case in NETWORKS.items() if case[0] != networks.Gated],
)
def test_every_variant_comes_back_bit_for_bit(
    tmp_path: Path, network: type[nn.Module], inputs: tuple[Tensor, ...]
) -> None:
    chain, variants = saved(tmp_path, make(network), *inputs)
    stored = load_network(tmp_path)
    assert stored.chain.inputs == chain.inputs
    assert stored.chain.outputs == chain.outputs
    batch = tuple(torch.randn(3, *each.shape[1:]) for each in inputs)
    for place in (0, -1):
        chosen, again = (
            {name: several[place].module.eval() for name, several in some.items()}
            for some in (variants, stored.variants)
        )
        assert all(
            map(
                torch.equal,
                chain.replace(chosen).run(batch),
                stored.chain.replace(again).run(batch),
            )
        )
    assert [str(each) for several in stored.variants.values() for each in several] == [
        str(each) for several in variants.values() for each in several
    ]


class OwnLayer(nn.Sequential):
    """A layer of the user's, with a convolution that is defined outside torch.nn."""

    def __init__(self) -> None:
        super().__init__(
            networks.OwnConv(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 1)
        )


def test_layers_of_the_users_are_written_out(tmp_path: Path) -> None:
    chain, _ = saved(tmp_path, make(OwnLayer))
    batch = torch.randn(2, 1, 8, 8)
    assert torch.equal(load_network(tmp_path).chain.run(batch)[0], chain.run(batch)[0])


def test_what_decides_by_values_needs_its_code(tmp_path: Path) -> None:
    saved(tmp_path, make(networks.Gated))
    segments = read_manifest(tmp_path).segments
    held = {each.name: each.variants[0].needs_code for each in segments}
    assert [name for name, reason in held.items() if reason] == ["gate.0"]
    with pytest.raises(ModelError, match=r"gate\.0@original .*cannot be made again: .*Gate"):
        load_network(tmp_path)


def test_unfolding_changes_nothing_where_all_is_of_torch() -> None:
    for segment in extract(make(networks.Functional), IMAGE):
        assert unfold(segment.module).code == segment.module.code


def only(place: Path, pattern: str) -> Path:
    (path,) = place.glob(pattern)
    return path


def test_saving_that_fails_leaves_the_network_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, make(networks.PlainCnn))
    before = read_manifest(tmp_path)

    def full(path: Path, content: Any) -> None:
        if path.name == "manifest.json":
            raise StoreError(f"no space left to write {path}")
        write_json(path, content)

    monkeypatch.setattr("kenning_lego.blocks.storage.networks.write_json", full)
    with pytest.raises(StoreError, match="no space left"):
        saved(tmp_path, make(networks.Functional))
    assert load_network(tmp_path).manifest == before


def test_only_the_files_of_the_newest_network_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, make(networks.PlainCnn))
    saved(tmp_path, make(networks.Functional))
    assert len(list(tmp_path.iterdir())) == 3
    assert load_network(tmp_path).chain


@pytest.mark.parametrize(
    ("change", "error", "problem"),
    [
        (lambda place: (place / "manifest.json").unlink(), WorkspaceError, "holds no network"),
        (
            lambda place: (place / "manifest.json").write_text("{}"),
            WorkspaceError,
            "damaged or of another version",
        ),
        (lambda place: only(place, "graphs-*").write_text("{}"), StoreError, "is not what its"),
        (lambda place: only(place, "weights-*").unlink(), StoreError, "cannot read"),
    ],
)
def test_damaged_directories_are_refused(
    tmp_path: Path,
    change: Callable[[Path], object],
    error: type[Exception],
    problem: str,
) -> None:
    saved(tmp_path, make(networks.PlainCnn))
    change(tmp_path)
    with pytest.raises(error, match=problem):
        load_network(tmp_path)


def description() -> dict[str, Any]:
    segment = extract(make(networks.Functional), IMAGE).segments[0]
    described: dict[str, Any] = json.loads(json.dumps(describe_graph(segment.module)))
    return described


def node(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        call = {"name": "own", "op": "call_function", "target": "torch.add", "args": {"tuple": []}}
        content["nodes"].insert(1, {**call, "kwargs": {}, **changes})

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (node(target="torch.load"), "the function 'torch.load'"),
        (node(target="os.system"), "the function 'os.system'"),
        (node(target="operator.attrgetter"), "the function 'operator.attrgetter'"),
        (node(target="builtins.eval"), "the function 'builtins.eval'"),
        (
            node(target="getattr", args={"tuple": [{"node": "x"}, "__class__"]}),
            "the attribute '__class__'",
        ),
        (node(op="call_method", target="__reduce__"), "the method '__reduce__'"),
        (node(op="call_method", target="apply_"), "the method 'apply_'"),
        (node(op="placeholder", target="x=print()"), "has the name 'x=print"),
        (node(op="get_attr", target="a]; print()"), "has the name"),
        (node(name="a b"), "has the name 'a b'"),
        (node(kwargs={"a=print()": 1}), "has the name"),
        (node(op="surprise"), "is damaged"),
        (node(args={"tuple": [{"surprise": 1}]}), "is damaged"),
        (node(args={"tuple": [{"node": "nobody"}]}), "is damaged"),
        (lambda c: c["layers"].update(a={"class": "Module.x", "arguments": {}}), "has no layer"),
        (lambda c: c["layers"].update(a={"class": "functional", "arguments": {}}), "has no layer"),
        (
            lambda c: c["layers"].update(a={"class": "Conv2d", "arguments": {"x": 1}}),
            "does not take",
        ),
        (lambda c: c.pop("nodes"), "is damaged"),
    ],
)
def test_descriptions_reach_nothing_but_functions_of_tensors(
    change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    content = description()
    rebuild_graph(copy.deepcopy(content))
    change(content)
    with pytest.raises(ModelError, match=problem):
        rebuild_graph(content)


def test_constants_of_all_kinds_survive() -> None:
    class Constants(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3))

        def forward(self, x: Tensor) -> Tensor:
            y = self.body(x).to(torch.float64)[..., 1:, None]
            y = torch.where(y > 0, y, torch.full_like(y, float("-inf"))).clamp(min=-1e30)
            return y.to(dtype=torch.float32).permute(0, 1, 3, 2, 4)

    model = Constants()
    chain = extract(model, IMAGE)
    for segment in chain:
        again = rebuild_graph(json.loads(json.dumps(describe_graph(segment.module))))
        again.load_state_dict(segment.module.state_dict())
        inputs = [torch.randn(spec.sizes) for spec in segment.inputs]
        assert torch.equal(again(*inputs), segment.module(*inputs))
