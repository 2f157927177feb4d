"""A tested network that is small and whole: its artifacts are there and can be run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.core.records import (
    ArtifactRecord,
    BudgetRecord,
    ConfigurationRecord,
    RunRecord,
    SegmentRecord,
    TensorRecord,
    VariantRecord,
    WholeRecord,
)
from kenning_lego.scenarios.online.tested import TestedNetwork, open_tested
from kenning_lego.store.atomic import write_json
from kenning_lego.store.workspace import Workspace
from tests.reports.records import resnet_record

SIZE = 4
FACTORS = (1.0, 2.0, 3.0)
"""What the middle block multiplies by: the original, and two stand-ins."""


def scaling(given: str, made: str, factor: float) -> bytes:
    """An ONNX file that multiplies."""
    shape = ["batch", SIZE]
    graph = helper.make_graph(
        [helper.make_node("Mul", [given, "factor"], [made])],
        "scaling",
        [helper.make_tensor_value_info(given, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(made, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.float32(factor), "factor")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def made_chain(directory: Path) -> TestedNetwork:
    """Three segments in a row: the last multiplies by 10, the block between by 1, 2 or 3."""
    workspace = Workspace(directory)

    def artifact(content: bytes) -> ArtifactRecord:
        return ArtifactRecord(
            digest=workspace.artifacts.add(content),
            format="onnx",
            size_bytes=len(content),
            compiler="by hand",
            compiler_version="1",
            gap_max_abs=0.0,
        )

    def variant(name: str, given: str, made: str, factor: float, ratio: float) -> VariantRecord:
        return VariantRecord(
            name=name,
            kind="pruned" if ratio else "original",
            ratio=ratio,
            ratio_reached=ratio,
            flops=round(100 * (1 - ratio)),
            parameters=1,
            accuracy_cost=ratio / 100,
            artifact=artifact(scaling(given, made, factor)),
            latency_ms=2.0 - ratio,
        )

    def segment(name: str, given: str, made: str, *variants: VariantRecord) -> SegmentRecord:
        def tensor(each: str) -> TensorRecord:
            return TensorRecord(name=each, shape=("batch", SIZE), dtype="float32")

        return SegmentRecord(
            name=name,
            scalable=len(variants) > 1,
            inputs=(tensor(given),),
            outputs=(tensor(made),),
            variants=variants,
        )

    ratios = (0.0, 0.5, 0.8)
    names = ("block@original", "block@pruned-0.50", "block@pruned-0.80")
    block = [
        variant(name, "a", "b", factor, ratio)
        for name, factor, ratio in zip(names, FACTORS, ratios, strict=True)
    ]
    segments = (
        segment("stem", "x", "a", variant("stem@original", "x", "a", 1.0, 0.0)),
        segment("block", "a", "b", *block),
        segment("head", "b", "y", variant("head@original", "b", "y", 10.0, 0.0)),
    )
    like = resnet_record()
    record = RunRecord(
        **{
            **dict(like),
            "segments": segments,
            "measurements": (),
            "plans": (),
            "additivity": None,
            "accuracy": None,
            "whole": WholeRecord(artifact=artifact(scaling("x", "y", 10.0))),
            "configurations": (
                ConfigurationRecord(
                    name="original",
                    budget=BudgetRecord(),
                    feasible=True,
                    variants={"block": names[0]},
                ),
            ),
        }
    )
    write_json(workspace.new_run() / "record.json", record.model_dump(mode="json"))
    return open_tested(directory)
