"""Exported programs on torch, read without unpickling."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.runtimes.options import TorchOptions
from kenning_lego.runtimes.torch_graph import _UNFIT


class Net(nn.Module):
    """Convolution, normalisation, a branch, in-place operations, sizes and a split."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 5)
        self.register_buffer("shift", torch.arange(5.0))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = nn.functional.relu(x.mul_(2), inplace=True)
        y = nn.functional.gelu(self.norm(self.conv(x)), approximate="tanh")
        low, high = torch.split(y, 4, dim=1)
        pooled = torch.cat([low + high, high.float()], 1).mean((2, 3))
        return self.head(pooled.view(pooled.shape[0], -1)) + self.shift, low.argmax(1)


def export(module: nn.Module, *example: torch.Tensor, **options: Any) -> bytes:
    program = torch.export.export(module.eval(), example, **options)
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def exported() -> bytes:
    torch.manual_seed(0)
    batch = torch.export.Dim("batch")
    return export(Net(), torch.ones(2, 3, 8, 8), dynamic_shapes=({0: batch},))


def change(content: bytes, edit: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive with files edited; None leaves one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            edited = edit(name, old.read(name))
            if edited is not None:
                new.writestr(name, edited)
    return out.getvalue()


def change_graph(content: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    def edit_file(name: str, old: bytes) -> bytes:
        if not name.endswith("models/model.json"):
            return old
        whole = json.loads(old)
        edit(whole["graph_module"])
        return json.dumps(whole).encode()

    return change(content, edit_file)


@pytest.mark.parametrize("batch", [1, 5])
def test_it_computes_what_torch_does_and_leaves_its_inputs(exported: bytes, batch: int) -> None:
    torch.manual_seed(0)
    module = Net().eval()
    runtime = make_runtime("torch", 1)
    program = runtime.load(exported, batch)
    arrays = allocate(program.spec)
    call = program.bind(arrays)
    x, floats, integers = (each.name for each in program.spec)
    for _ in range(2):
        given = torch.randn(batch, 3, 8, 8)
        arrays[x][...] = given.numpy()
        call()
        assert torch.equal(torch.from_numpy(arrays[x]), given)
        with torch.inference_mode():
            expected = module(given.clone())
        assert torch.allclose(torch.from_numpy(arrays[floats]), expected[0], atol=1e-6)
        assert torch.equal(torch.from_numpy(arrays[integers]), expected[1])
    assert arrays[integers].dtype == "int64"
    used = runtime.used()
    assert (used["engine"], used["device"], used["threads"]) == ("torch", "cpu", 1)


def test_extra_file_names_the_tensors() -> None:
    program = torch.export.export(nn.ReLU(), (torch.ones(1, 4),))
    buffer = io.BytesIO()
    names = {"inputs": [{"name": "layer1/in"}], "outputs": [{"name": "layer1/out"}]}
    torch.export.save(program, buffer, extra_files={"kenning_lego.json": json.dumps(names)})
    spec = make_runtime("torch", 1).load(buffer.getvalue(), 1).spec
    assert [each.name for each in spec] == ["layer1/in", "layer1/out"]


class _Trap:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


def test_nothing_in_it_is_unpickled_or_evaluated(exported: bytes, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(_Trap(sprung))
    code = f"open({str(sprung)!r}, 'w')"

    def set_traps(name: str, old: bytes) -> bytes:
        return trap if name.endswith("sample_inputs/model.pt") else old

    def evaluate(graph: dict[str, Any]) -> None:
        for value in graph["graph"]["tensor_values"].values():
            for size in value["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = code

    content = change_graph(change(exported, set_traps), evaluate)
    make_runtime("torch", 1).load(content, 2)
    assert not sprung.exists()


def test_pickled_weights_are_refused(exported: bytes) -> None:
    def pickled(name: str, old: bytes) -> bytes:
        wanted = name.endswith("model_weights_config.json")
        return old.replace(b'"use_pickle": false', b'"use_pickle": true') if wanted else old

    with pytest.raises(ModelError, match="would have to be unpickled"):
        make_runtime("torch", 1).load(change(exported, pickled), 2)


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.empty.memory_format",
        "torch.ops.aten.set_.source_Tensor",
        "torch.ops.aten._cholesky_solve_helper.default",
        "torch.ops.aten.no_such.default",
        "torch.ops.aten.__class__.__init__",
        "torch.ops.higher_order.cond",
        "os.system",
        "_operator.attrgetter",
    ],
)
def test_operators_off_the_list_are_refused(exported: bytes, target: str) -> None:
    def replace_last(graph: dict[str, Any]) -> None:
        graph["graph"]["nodes"][-1]["target"] = target

    with pytest.raises(ModelError, match="cannot load the artifact"):
        make_runtime("torch", 1).load(change_graph(exported, replace_last), 2)


def test_names_of_arguments_do_not_become_code(exported: bytes, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"

    def inject(graph: dict[str, Any]) -> None:
        name = f"a=open({str(sprung)!r}, 'w'), b"
        for node in graph["graph"]["nodes"]:
            node["inputs"][-1].update(name=name, kind=2)

    with pytest.raises(ModelError, match="it has no such arguments"):
        make_runtime("torch", 1).load(change_graph(exported, inject), 2)
    assert not sprung.exists()


ODD: list[Any] = [None, True, -1, 2**70, 1e308, float("inf"), "", "x", "=", [], {}, {"as_int": -5}]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to everything in a JSON value but the whole, and but what describes sources."""
    if path:
        yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, each in value.items() if isinstance(value, dict) else ():
        if key != "metadata":
            yield from places(each, (*path, key))


def test_damaged_graphs_are_refused_or_run(exported: bytes) -> None:
    rng = random.Random(0)
    runtime = make_runtime("torch", 1)

    def damage(graph: dict[str, Any]) -> None:
        path = rng.choice(list(places(graph)))
        inner: Any = graph
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = rng.choice(ODD)

    for _ in range(150):
        with contextlib.suppress(ModelError):
            runtime.load(change_graph(exported, damage), 2)


def test_texts_are_modes_and_never_paths(exported: bytes) -> None:
    def say(graph: dict[str, Any]) -> None:
        for node in graph["graph"]["nodes"]:
            for given in node["inputs"]:
                if "as_string" in given["arg"]:
                    given["arg"]["as_string"] = "/etc/passwd"

    with pytest.raises(ModelError, match="no operator gets such an argument"):
        make_runtime("torch", 1).load(change_graph(exported, say), 2)


def test_every_operator_of_torch_that_takes_a_file_is_known() -> None:
    """Against the installed torch: a later release may have more of them."""
    for name in dir(torch.ops.aten):
        packet = getattr(torch.ops.aten, name)
        for overload in getattr(packet, "overloads", list)():
            schema = getattr(packet, overload)._schema
            texts = [each.name for each in schema.arguments if "str" in str(each.type)]
            if any("file" in each or "path" in each for each in texts):
                assert _UNFIT.fullmatch(name), schema


@pytest.mark.parametrize("end", [0, 3, 100, 5_000, -1])
def test_cut_files_are_refused(exported: bytes, end: int) -> None:
    with pytest.raises(ModelError):
        make_runtime("torch", 1).load(exported[:end], 2)


def test_sizes_beyond_the_storage_are_refused(exported: bytes) -> None:
    def enlarge(name: str, old: bytes) -> bytes:
        wanted = name.endswith("model_weights_config.json")
        return old.replace(b'"as_int": 8}', b'"as_int": 80000}') if wanted else old

    with pytest.raises(ModelError, match="cannot run the artifact"):
        make_runtime("torch", 1).load(change(exported, enlarge), 2)


def test_network_that_changes_its_weights_is_refused() -> None:
    class Counter(nn.Module):
        count: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.count.add_(1)
            return x + self.count

    with pytest.raises(ModelError, match="evaluation mode"):
        make_runtime("torch", 1).load(export(Counter(), torch.ones(1)), 1)


def test_output_whose_batch_is_another_is_refused() -> None:
    class Twice(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x, x])

    dynamic = ({0: torch.export.Dim("batch")},)
    with pytest.raises(ModelError, match="depends on the batch"):
        make_runtime("torch", 1).load(export(Twice(), torch.ones(2, 3), dynamic_shapes=dynamic), 2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="finds no CUDA device"):
        make_runtime("torch", 1, TorchOptions(device="cuda"))
