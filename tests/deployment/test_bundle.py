"""Bundles of wheels, made from what is installed here: no index is asked."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kenning_lego
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.deployment.bundle import MANIFEST, SUMS, load_bundle, make_bundle
from kenning_lego.deployment.closure import open_requirements
from kenning_lego.deployment.errors import BundleError
from kenning_lego.deployment.platforms import Libc, Platform, architecture, parse_version
from kenning_lego.deployment.wheels import pack_installed, pack_own
from kenning_lego.store.artifacts import digest_of

PI = Platform("aarch64", (3, 11), Libc("glibc", (2, 36)))


def tiny_wheel(directory: Path, name: str, *requirements: str, tag: str = "py3-none-any") -> Path:
    """A wheel of an empty package."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-99.0-{tag}.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 99.0"]
    lines += [f"Requires-Dist: {each}" for each in requirements]
    root = f"{name}-99.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{root}/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{root}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(f"{root}/RECORD", "")
    return path


@pytest.fixture
def dependencies(tmp_path: Path) -> Path:
    """A directory with a stand-in for each dependency; one of them comes with a dependency."""
    directory = tmp_path / "wheels"
    for name in ("msgpack", "numpy", "psutil", "pyyaml", "onnxruntime"):
        tiny_wheel(directory, name, tag="cp311-cp311-manylinux_2_28_aarch64")
    tiny_wheel(directory, "pyzmq", tag="cp312-cp312-manylinux_2_28_aarch64")
    tiny_wheel(directory, "pyzmq", tag="cp311-cp311-manylinux_2_39_aarch64")
    tiny_wheel(directory, "pyzmq", tag="cp39-abi3-manylinux2014_aarch64")
    tiny_wheel(directory, "pydantic", 'old-times>=1 ; python_version < "3.11"')
    return directory


def test_bundle_has_what_the_platform_needs(tmp_path: Path, dependencies: Path) -> None:
    made = make_bundle(tmp_path / "bundle", PI, wheels=dependencies)
    names = {wheel.name.split("-")[0] for wheel in made.wheels}
    expected = "kenning_lego pip msgpack numpy psutil pyyaml pyzmq pydantic onnxruntime"
    assert names == set(expected.split())
    assert any(w.name == "pyzmq-99.0-cp39-abi3-manylinux2014_aarch64.whl" for w in made.wheels)
    assert load_bundle(tmp_path / "bundle") == made
    assert made.requirement == f"kenning-lego[onnxruntime]=={kenning_lego.__version__}"
    sums = (tmp_path / "bundle" / SUMS).read_text().splitlines()
    assert sums == [f"{wheel.sha256}  {wheel.name}" for wheel in made.wheels]


def test_markers_are_read_for_the_board_not_for_the_host(
    tmp_path: Path, dependencies: Path
) -> None:
    older = Platform("aarch64", (3, 10), Libc("glibc", (2, 35)))
    for path in dependencies.glob("*cp311-cp311-manylinux_2_28*"):
        path.rename(path.with_name(path.name.replace("cp311", "cp310")))
    tiny_wheel(dependencies, "old_times")
    made = make_bundle(tmp_path / "bundle", older, wheels=dependencies)
    assert any(wheel.name.startswith("old_times-") for wheel in made.wheels)


def test_wheel_that_is_nowhere_is_named(tmp_path: Path, dependencies: Path) -> None:
    next(dependencies.glob("numpy*")).unlink()
    with pytest.raises(BundleError, match=r"Python 3\.11 on aarch64.*numpy"):
        make_bundle(tmp_path / "bundle", PI, wheels=dependencies)
    assert not (tmp_path / "bundle").exists()


def test_damaged_bundle_is_refused(tmp_path: Path, dependencies: Path) -> None:
    made = make_bundle(tmp_path / "bundle", PI, engine="none", wheels=dependencies)
    victim = made.directory / made.pip.name
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"pip-.*is not what"):
        load_bundle(made.directory)
    (made.directory / MANIFEST).write_text("{}")
    with pytest.raises(BundleError, match="damaged"):
        load_bundle(made.directory)
    with pytest.raises(BundleError, match="no bundle"):
        load_bundle(tmp_path / "nowhere")


def test_foreign_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("do not touch")
    with pytest.raises(BundleError, match="holds something else"):
        make_bundle(tmp_path, PI)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]


def test_own_wheel_is_this_code_and_the_same_each_time(tmp_path: Path) -> None:
    first, second = pack_own(tmp_path / "a"), pack_own(tmp_path / "b")
    assert digest_of(first.read_bytes()) == digest_of(second.read_bytes())
    package = Path(kenning_lego.__file__).parent
    with zipfile.ZipFile(first) as archive:
        packed = {n for n in archive.namelist() if not n.split("/")[0].endswith(".dist-info")}
        assert archive.read("kenning_lego/__init__.py") == (package / "__init__.py").read_bytes()
    assert "kenning_lego/reports/templates/report.css" in packed
    assert not any("__pycache__" in name for name in packed)


def test_installed_package_is_packed_with_its_tags(tmp_path: Path) -> None:
    wheel = pack_installed("pyzmq", tmp_path)
    assert f"cp{sys.version_info[0]}{sys.version_info[1]}" in wheel.name or "abi3" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        assert "zmq/__init__.py" in archive.namelist()


def test_unknown_package_cannot_be_packed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not installed here"):
        pack_installed("no-such-package", tmp_path)


def test_open_requirements_follow_extras_and_loops(tmp_path: Path) -> None:
    wheels = [
        tiny_wheel(tmp_path, "root", 'engine ; extra == "fast"', "other[plus]"),
        tiny_wheel(
            tmp_path, "other", "root", 'addition>=2 ; extra == "plus"', 'x ; os_name == "nt"'
        ),
    ]
    assert open_requirements(wheels, "root", [], PI) == ["addition>=2"]
    assert open_requirements(wheels, "root", ["fast"], PI) == ["addition>=2", "engine"]


@given(st.integers(0, 99), st.sampled_from(["aarch64", "x86_64", "armv7l"]))
def test_tags_go_from_the_newest_that_fits_to_the_oldest(minor: int, machine: str) -> None:
    tags = Platform(machine, (3, 12), Libc("glibc", (2, minor))).tags
    assert tags[-1] == f"linux_{machine}"
    newer = [int(tag.split("_")[2]) for tag in tags if tag.startswith("manylinux_")]
    assert newer == sorted(newer, reverse=True)
    assert all(each <= minor for each in newer)
    assert (f"manylinux2014_{machine}" in tags) == (minor >= 17)


def test_musl_has_tags_of_its_own() -> None:
    tags = Platform("aarch64", (3, 12), Libc("musl", (1, 2))).tags
    assert tags == (
        "musllinux_1_2_aarch64", "musllinux_1_1_aarch64", "musllinux_1_0_aarch64", "linux_aarch64",
    )  # fmt: skip


def test_processors_go_by_many_names() -> None:
    assert architecture("arm64") == architecture("aarch64\n") == "aarch64"
    assert architecture("aarch64", bits=32) == "armv7l"
    assert architecture("x86_64", bits=32) == "i686"
    with pytest.raises(ConfigurationError, match="no wheels are made for 'sparc'"):
        architecture("sparc")


@given(st.integers(0, 999), st.integers(0, 999), st.sampled_from(["", ".7", "-beta", "\n"]))
def test_version_is_read_whatever_follows(major: int, minor: int, rest: str) -> None:
    assert parse_version(f"{major}.{minor}{rest}", "Python") == (major, minor)


@pytest.mark.parametrize("text", ["", "3", "three.eleven", "3.", "-3.1"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a version of Python"):
        parse_version(text, "Python")
