"""Engines of TensorRT on disk, on recorded directories: there is no such GPU here."""

from __future__ import annotations

from pathlib import Path

from kenning_lego.runtimes.tensorrt_cache import (
    EngineBuild,
    build_of,
    device_directory,
    engines_in,
    gpu_name,
    prefix_of,
    tensorrt_settings,
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_gpu_of_a_pc_is_told_by_its_driver(tmp_path: Path) -> None:
    write(
        tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0/information",
        "Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 150\n",
    )
    assert gpu_name(tmp_path) == "NVIDIA GeForce RTX 3060"


def test_gpu_of_a_jetson_is_the_boards(tmp_path: Path) -> None:
    write(tmp_path / "proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0")
    assert gpu_name(tmp_path) == "NVIDIA Jetson Orin Nano Developer Kit"


def test_unknown_gpu_has_a_directory_too(tmp_path: Path) -> None:
    assert gpu_name(tmp_path) == "gpu"


def test_engines_are_kept_per_device_and_release(tmp_path: Path) -> None:
    orin = device_directory(tmp_path, "NVIDIA Jetson Orin (8 GB)/../..", "1.23.2")
    assert orin == tmp_path / "tensorrt" / "NVIDIA-Jetson-Orin-8-GB-..-..-1.23.2"
    assert orin.resolve().parent == tmp_path / "tensorrt"
    assert device_directory(tmp_path, "a", "1.23.2") != device_directory(tmp_path, "a", "1.24.0")


def test_networks_precisions_and_batches_have_engines_of_their_own() -> None:
    kinds = [(b"a", False, 1), (b"b", False, 1), (b"a", True, 1), (b"a", False, 2)]
    prefixes = {prefix_of(content, fp16=fp16, batch=batch) for content, fp16, batch in kinds}
    assert len(prefixes) == len(kinds)


def test_cache_is_used_only_where_the_server_gives_one(tmp_path: Path) -> None:
    assert tensorrt_settings(None, "p", fp16=True) == {"trt_fp16_enable": "1"}
    settings = tensorrt_settings(tmp_path, "p", fp16=False)
    assert settings["trt_engine_cache_enable"] == "1"
    assert settings["trt_engine_cache_path"] == str(tmp_path)
    assert settings["trt_engine_cache_prefix"] == "p"
    assert settings["trt_fp16_enable"] == "0"


def test_engine_that_was_there_before_was_not_built(tmp_path: Path) -> None:
    assert engines_in(None, "p") == engines_in(tmp_path / "absent", "p") == frozenset()
    (tmp_path / "other_0_sm87.engine").touch()
    before = engines_in(tmp_path, "p")
    (tmp_path / "p_0_sm87.engine").touch()
    after = engines_in(tmp_path, "p")
    assert build_of(before, after, 90.0) == EngineBuild(90.0, cached=False)
    assert build_of(after, after, 0.5) == EngineBuild(0.5, cached=True)
    (tmp_path / "p_1_sm87.engine").touch()
    assert not build_of(after, engines_in(tmp_path, "p"), 40.0).cached
