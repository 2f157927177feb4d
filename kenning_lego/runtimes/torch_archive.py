"""What is in an exported torch program (``.pt2``), read without torch and without unpickling.

torch.export.load unpickles example inputs and whatever weights say that they are pickled, and hands
sizes to sympy's parser, which evaluates Python. None of that is needed to run a program: its graph
is JSON (torch/_export/serde/schema.py) and its weights are raw bytes beside it, as torch 2.9 and
later write them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from kenning_lego.core.errors import ModelError

NAMES_FILE = "kenning_lego.json"
"""The extra file with lists of ``inputs`` and ``outputs``, each of which has a ``name``."""

_MODEL = "/models/model.json"
_REMEDY = "export it again with torch.export.save of torch 2.9 or later"
_NOT_WHAT_IT_SHOULD_BE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading foreign JSON as if it were well formed may raise."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A weight.

    Args:
        content: its storage.
        dtype: number of torch's scalar type.
        sizes: of the tensor.
        strides: in elements.
        offset: in elements, from the storage's beginning.
    """

    content: bytes
    dtype: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Value:
    """What a tensor of the graph is: number of its scalar type, and sizes, texts if symbolic."""

    dtype: int
    sizes: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """An exported program.

    Args:
        nodes: of the graph, as they are in the file.
        weights: by the name that the graph gives them.
        inputs: names that the graph gives the user's inputs, in order.
        outputs: names that the graph gives the results, in order.
        values: of the graph's tensors, by name.
        names: of inputs and outputs for those who call; the graph's unless the file has others.
    """

    nodes: Sequence[Mapping[str, Any]]
    weights: Mapping[str, StoredTensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Mapping[str, Value]
    names: tuple[tuple[str, ...], tuple[str, ...]]


def read_archive(artifact: bytes) -> Archive:
    """Read an exported program.

    Raises:
        ModelError: it is none, was cut off, or holds what would have to be unpickled.
    """
    try:
        with zipfile.ZipFile(BytesIO(artifact)) as archive:
            return _read(_Files(archive))
    except _NOT_WHAT_IT_SHOULD_BE as error:
        raise _malformed(f"{type(error).__name__}: {error}") from error
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RecursionError) as error:
        raise _malformed(str(error)) from error


class _Files:
    """The archive's files, by their names within its one directory."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._read: dict[str, bytes] = {}
        entries = archive.infolist()
        models = [each.filename for each in entries if each.filename.endswith(_MODEL)]
        if len(models) != 1:
            raise _malformed(f"it has {len(models)} files models/model.json")
        self._root = models[0].removesuffix(_MODEL)
        if any(each.compress_type != zipfile.ZIP_STORED for each in entries):
            raise _malformed("it is compressed, which torch never does")

    def bytes(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._archive.read(f"{self._root}/{name}")
        return self._read[name]

    def json(self, name: str) -> Any:
        return json.loads(self.bytes(name))

    def has(self, name: str) -> bool:
        return f"{self._root}/{name}" in self._archive.namelist()


def _read(files: _Files) -> Archive:
    if files.bytes("byteorder") != b"little":
        raise _malformed("its weights are big-endian")
    module = files.json("models/model.json")["graph_module"]
    graph, signature = module["graph"], module["signature"]
    stored = _stored(files, "weights", "model_weights_config.json")
    stored |= _stored(files, "constants", "model_constants_config.json")
    weights, inputs = {}, []
    for spec in signature["input_specs"]:
        ((kind, what),) = spec.items()
        if kind == "user_input":
            inputs.append(str(what["arg"]["as_tensor"]["name"]))
        elif kind in _WEIGHTS:
            weights[str(what["arg"]["name"])] = stored[what[_WEIGHTS[kind]]]
        else:
            raise _malformed(f"it takes a {kind}")
    outputs = []
    for spec in signature["output_specs"]:
        ((kind, what),) = spec.items()
        if kind != "user_output":
            raise _malformed(f"it also gives a {kind}; set the module to evaluation mode")
        outputs.append(str(what["arg"]["as_tensor"]["name"]))
    values = {str(name): _value(meta) for name, meta in graph["tensor_values"].items()}
    return Archive(
        graph["nodes"],
        weights,
        tuple(inputs),
        tuple(outputs),
        values,
        _names(files, tuple(inputs), tuple(outputs)),
    )


_WEIGHTS = {
    "parameter": "parameter_name",
    "buffer": "buffer_name",
    "tensor_constant": "tensor_constant_name",
}
"""Kinds of inputs that are in the file, and where their names are."""


def _stored(files: _Files, directory: str, config: str) -> dict[str, StoredTensor]:
    found = {}
    for name, entry in files.json(f"data/{directory}/{config}")["config"].items():
        meta = entry["tensor_meta"]
        if entry["use_pickle"] or meta is None:
            raise _malformed(f"{name!r} would have to be unpickled")
        found[name] = StoredTensor(
            files.bytes(f"data/{directory}/{entry['path_name']}"),
            int(meta["dtype"]),
            _integers(meta["sizes"]),
            _integers(meta["strides"]),
            int(meta["storage_offset"]["as_int"]),
        )
    return found


def _integers(sizes: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    return tuple(int(each["as_int"]) for each in sizes)


def _value(meta: Mapping[str, Any]) -> Value:
    sizes = tuple(
        int(size["as_int"]) if "as_int" in size else str(size["as_expr"]["expr_str"])
        for size in meta["sizes"]
    )
    return Value(int(meta["dtype"]), sizes)


def _names(
    files: _Files, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    path = f"extra/{NAMES_FILE}"
    if not files.has(path):
        return inputs, outputs
    given = files.json(path)
    named = (
        tuple(str(each["name"]) for each in given["inputs"]),
        tuple(str(each["name"]) for each in given["outputs"]),
    )
    if (len(named[0]), len(named[1])) != (len(inputs), len(outputs)):
        raise _malformed(f"{NAMES_FILE} names {len(named[0])} inputs and {len(named[1])} outputs")
    return named


def _malformed(why: str) -> ModelError:
    return ModelError(
        f"cannot load the artifact: it is no exported torch program that can be read without "
        f"running code from it ({why[:200]})",
        _REMEDY,
    )
