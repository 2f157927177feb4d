"""Network files of others, looked at before anything is done with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx
from google.protobuf.message import DecodeError

from kenning_lego.compilers.onnx_count import Count, count
from kenning_lego.compilers.onnx_cut import Piece, cut_onnx, with_shapes
from kenning_lego.compilers.onnx_graph import listed_constants
from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.runtimes.formats import ENGINES, FORMATS, format_of
from kenning_lego.runtimes.onnx_scan import names_other_files
from kenning_lego.runtimes.tflite_scan import scan_tflite
from kenning_lego.scenarios.tester.configuration import TargetConfig

FileFormat = Literal["onnx", "tflite"]
_LISTED = (
    "{} constants of the file are listed as inputs too, so that engines do not compute with them "
    "beforehand and run slower; take them off graph.input"
)
_READ: tuple[FileFormat, ...] = ("onnx", "tflite")


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """A file that holds a network.

    Args:
        path: where it is.
        content: its bytes.
        format: of them.
        pieces: what it is cut into; empty where it is not.
        size: what it holds and does; None where that is not counted.
        remark: what its user should know; otherwise empty.
    """

    path: Path
    content: bytes
    format: FileFormat
    pieces: Sequence[Piece] = ()
    size: Count | None = None
    remark: str = ""

    @property
    def name(self) -> str:
        """Of the network."""
        return self.path.stem


def read_network(path: Path, cut: Sequence[str] = ()) -> NetworkFile:
    """Read a file, check it, and cut it if that is asked for.

    Args:
        path: of the file.
        cut: names of tensors to cut it at; ONNX only.

    Raises:
        UsageError: it cannot be read, is damaged or of another format, has its weights elsewhere,
            or cannot be cut there.
    """
    path = path.expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}", "correct it") from error
    found = next((each for each in _READ if each == format_of(content)), None)
    if found is None:
        other = FORMATS.get(format_of(content) or "")
        raise ConfigurationError(
            f"{path} is {other or 'neither ONNX nor TFLite, or damaged'}",
            "name a whole .onnx or .tflite file",
        )
    if found == "onnx":
        return _onnx(path, content, cut)
    if cut:
        raise ConfigurationError(
            f"{path} is a TFLite file, which is not cut", "leave model.cut out, or give ONNX"
        )
    try:
        scan_tflite(content)
    except ModelError as error:
        raise _refused(path, error) from error
    return NetworkFile(path, content, "tflite")


def _onnx(path: Path, content: bytes, cut: Sequence[str]) -> NetworkFile:
    try:
        elsewhere = names_other_files(content)
    except ModelError as error:
        raise _refused(path, error) from error
    if elsewhere:
        raise ConfigurationError(
            f"{path} has its weights in other files, which a target does not read",
            "save it as one file: onnx.save(onnx.load(PATH), NEW_PATH)",
        )
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError) as error:
        reason = (str(error).strip().splitlines() or ["it cannot be decoded"])[0]
        raise ConfigurationError(
            f"{path} is no valid ONNX file: {reason}", "export it again, or copy it again"
        ) from error
    shaped = with_shapes(model)
    pieces = cut_onnx(shaped, cut) if cut else ()
    listed = len(listed_constants(model.graph))
    remark = _LISTED.format(listed) if listed else ""
    return NetworkFile(path, content, "onnx", pieces, count(shaped), remark)


def _refused(path: Path, error: ModelError) -> ConfigurationError:
    reason = error.problem.removeprefix("cannot load the artifact: ")
    return ConfigurationError(f"{path} cannot be used: {reason}", error.remedy)


def with_fitting_runtime(
    where: TargetConfig, file: NetworkFile, engines: Collection[str]
) -> TargetConfig:
    """The target with an engine that reads the file: the one that is named, or the usual one.

    Args:
        where: to measure.
        file: to run there.
        engines: that the target has.

    Raises:
        ConfigurationError: the named one does not read such files, or the target has none.
    """
    readers = ENGINES[file.format]
    what = FORMATS[file.format]
    # Options are those of an engine, so that they name it as well.
    if "runtime" in where.model_fields_set or where.options:
        if where.runtime not in readers:
            raise ConfigurationError(
                f"{file.path} is {what}, which runtime {where.runtime!r} does not read",
                f"choose --target.runtime {' or '.join(readers)}",
            )
        return where
    for runtime in readers:
        if runtime in engines:
            return where.model_copy(update={"runtime": runtime})
    raise ConfigurationError(
        f"{file.path} is {what}, and the target has no engine for it; it has: "
        f"{', '.join(engines) or 'none'}",
        f"install {' or '.join(readers)} there",
    )
