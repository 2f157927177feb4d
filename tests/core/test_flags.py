"""Flags, a YAML file, or both: one description of a component's parameters reads them all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import load_yaml, parse_configuration
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig


class Budget(Component):
    """Upper bounds."""

    latency_ms: float | None = None
    memory_mb: float | None = None


class Blocks(Component):
    """How the network is cut."""

    count: int = Field(default=4, ge=1)
    """How many blocks to make."""
    max_ratio: float = 0.8
    """Largest share that is removed; 80 % by default."""


class Digits(Component):
    """Small and built in."""

    shuffle: bool = False
    """Whether to shuffle first."""
    type: Literal["digits"] = "digits"
    """Which dataset."""
    seed: int = 0
    """Of the shuffle."""
    channels: Literal[1, 3] = 1
    """Of an image."""


class Cifar(Component):
    """From files."""

    root: Path = Path("data")
    """Directory of the files."""
    type: Literal["cifar10"] = "cifar10"
    """Which dataset."""
    seed: int = 0
    """Of the split."""
    channels: Literal[1, 3] = 3
    """Of an image."""


class Scenario(Component):
    """One field of each kind."""

    name: str
    """Shown in reports."""
    threads: int = Field(default=1, ge=1, le=64)
    """That the engine may use."""
    precise: bool = True
    """Whether to wait for narrow intervals."""
    level: Literal["low", "high"] = "low"
    """How hard to try."""
    ratios: tuple[float, ...] = (0.0, 0.5)
    """Shares to remove."""
    budgets: tuple[Budget, ...] = ()
    """To choose for."""
    blocks: Blocks = Blocks()
    """How to cut."""
    dataset: Annotated[Digits | Cifar, Field(discriminator="type")] = Digits()
    """What to train on."""
    store: Path | None = None
    """Where to keep artifacts."""


def read(*arguments: str, file: Path | None = None) -> Scenario:
    given_file = [str(file)] if file else []
    return parse_configuration(
        Scenario,
        [*given_file, *arguments],
        program="kenning-lego try",
        description="Try it.",
        file="a scenario",
    )


def refusal(*arguments: str, file: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read(*arguments, file=file)
    assert refused.value.exit_code == 2
    message = str(refused.value)
    assert "\n" not in message
    return message


def yaml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_but_what_is_required_gives_the_defaults() -> None:
    assert read("--name", "a") == Scenario(name="a")


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--threads", "4"], "threads", 4),
        (["--threads=4"], "threads", 4),
        (["--precise"], "precise", True),
        (["--no-precise"], "precise", False),
        (["--level", "high"], "level", "high"),
        (["--ratios", "0.1", "0.9"], "ratios", (0.1, 0.9)),
        (["--ratios"], "ratios", ()),
        (["--store", "here"], "store", Path("here")),
        (["--blocks.count", "7"], "blocks", Blocks(count=7)),
        (["--blocks.max-ratio", "0.25"], "blocks", Blocks(max_ratio=0.25)),
        (
            ["--budgets", "latency-ms=2,memory_mb = 3", "latency_ms=1"],
            "budgets",
            (Budget(latency_ms=2, memory_mb=3), Budget(latency_ms=1)),
        ),
        (["--dataset.type", "cifar10"], "dataset", Cifar()),
        (["--dataset.type", "digits", "--dataset.shuffle"], "dataset", Digits(shuffle=True)),
        (
            ["--dataset.root", "there", "--dataset.type", "cifar10"],
            "dataset",
            Cifar(root=Path("there")),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_kind_of_field_has_its_flag(arguments: list[str], field: str, value: object) -> None:
    assert getattr(read("--name", "a", *arguments), field) == value


@given(
    threads=st.integers(1, 64),
    ratios=st.lists(st.floats(0, 1), max_size=4),
    precise=st.booleans(),
    count=st.integers(1, 1000),
)
def test_flags_say_the_same_as_python(
    threads: int, ratios: list[float], precise: bool, count: int
) -> None:
    found = read(
        *("--name", "a", "--threads", str(threads), "--precise" if precise else "--no-precise"),
        *("--ratios", *map(repr, ratios), f"--blocks.count={count}"),
    )
    assert found == Scenario(
        name="a",
        threads=threads,
        ratios=tuple(ratios),
        precise=precise,
        blocks=Blocks(count=count),
    )


FILE = """\
name: from the file
threads: 3
ratios: [0.2, 0.4]
budgets: [{latency_ms: 5}, {memory_mb: 1.5}]
blocks: {count: 2, max_ratio: 0.6}
dataset: {type: cifar10, root: files, seed: 5}
"""


def test_file_gives_every_kind_of_value(tmp_path: Path) -> None:
    assert read(file=yaml(tmp_path, FILE)) == Scenario(
        name="from the file",
        threads=3,
        ratios=(0.2, 0.4),
        budgets=(Budget(latency_ms=5), Budget(memory_mb=1.5)),
        blocks=Blocks(count=2, max_ratio=0.6),
        dataset=Cifar(root=Path("files"), seed=5),
    )


def test_flags_override_the_file_key_by_key(tmp_path: Path) -> None:
    found = read("--threads", "8", "--blocks.count", "9", file=yaml(tmp_path, FILE))
    assert (found.name, found.threads) == ("from the file", 8)
    assert found.blocks == Blocks(count=9, max_ratio=0.6)


def test_another_type_by_flag_drops_what_the_file_says_of_the_old_one(tmp_path: Path) -> None:
    found = read("--dataset.type", "digits", file=yaml(tmp_path, FILE))
    assert found.dataset == Digits(seed=0)


def test_another_type_by_flag_keeps_the_other_flags_whatever_their_order(tmp_path: Path) -> None:
    file = yaml(tmp_path, "name: a\ndataset: {type: digits, seed: 5}\n")
    expected = Cifar(root=Path("x"), seed=0)
    for arguments in (
        ["--dataset.root", "x", "--dataset.type", "cifar10"],
        ["--dataset.type", "cifar10", "--dataset.root", "x"],
    ):
        assert read(*arguments, file=file).dataset == expected
    file = yaml(tmp_path, FILE)
    flags = ["--dataset.shuffle", "--dataset.type", "digits"]
    assert read(*flags, file=file).dataset == Digits(shuffle=True)


def test_same_type_by_flag_keeps_what_the_file_says(tmp_path: Path) -> None:
    found = read("--dataset.type", "cifar10", file=yaml(tmp_path, FILE))
    assert found.dataset == Cifar(root=Path("files"), seed=5)


def test_field_may_be_given_without_its_flag() -> None:
    found = parse_configuration(
        Scenario, ["net", "--threads", "2"], program="p", description="d", positional="name"
    )
    assert (found.name, found.threads) == ("net", 2)


def test_unknown_flag_suggests_a_near_one() -> None:
    assert refusal("--thread", "3") == "unknown flag --thread (did you mean --threads?)"
    assert refusal("--blokcs.count=3").endswith("(did you mean --blocks.count?)")
    assert refusal("--zzzzzz") == "unknown flag --zzzzzz (--help lists the flags)"


def test_flags_are_not_abbreviated() -> None:
    assert "unknown flag --thr" in refusal("--name", "a", "--thr", "3")


def test_argument_too_many_is_named() -> None:
    assert "unexpected argument 'two.yaml'" in refusal("one.yaml", "two.yaml")


def test_flag_without_its_value_is_refused() -> None:
    assert "--threads" in refusal("--name", "a", "--threads")


def test_unknown_key_is_named_with_its_place(tmp_path: Path) -> None:
    message = refusal(file=yaml(tmp_path, "name: a\nblocks: {cuont: 3}\n"))
    assert "unknown key 'blocks.cuont'" in message
    assert str(tmp_path / "scenario.yaml") in message


def test_unknown_key_of_a_listed_component_is_named_with_its_index(tmp_path: Path) -> None:
    message = refusal(file=yaml(tmp_path, "name: a\nbudgets: [{}, {latency: 3}]\n"))
    assert "unknown key 'budgets.1.latency'" in message


def test_alternative_that_is_not_told_is_asked_for(tmp_path: Path) -> None:
    message = refusal(file=yaml(tmp_path, "name: a\ndataset: {seed: 3}\n"))
    assert "'dataset' does not say of which 'type' it is" in message


def test_what_is_missing_is_named() -> None:
    assert "kenning-lego try: 'name' is missing" in refusal()


def test_all_findings_are_counted() -> None:
    assert "1 more after it" in refusal("--threads", "x", "--level", "medium", "--name", "a")


@pytest.mark.parametrize(
    ("arguments", "flag", "shown"),
    [
        (["--threads", "many"], "--threads", "'many'"),
        (["--threads", "0"], "--threads", "'0'"),
        (["--level", "medium"], "--level", "'low' or 'high'"),
        (["--ratios", "0.1", "x"], "--ratios", "'x'"),
        (["--blocks.count", "-1"], "--blocks.count", "'-1'"),
        (["--budgets", "latency_ms=soon"], "--budgets", "'soon'"),
        (["--dataset.type", "cifar10", "--dataset.seed", "x"], "--dataset.seed", "'x'"),
    ],
)
def test_wrong_value_names_its_flag_and_the_value(
    arguments: list[str], flag: str, shown: str
) -> None:
    message = refusal("--name", "a", *arguments)
    assert message.startswith(f"{flag}: ")
    assert shown in message


def test_wrong_value_in_the_file_names_the_file_though_flags_are_given(tmp_path: Path) -> None:
    file = yaml(tmp_path, "name: a\nblocks: {count: few}\n")
    message = refusal("--threads", "2", file=file)
    assert message.startswith(f"{file}: 'blocks.count'")


def test_flag_is_not_blamed_for_a_field_of_the_same_name_elsewhere(tmp_path: Path) -> None:
    class Inner(Component):
        name: int = 0

    class Outer(Component):
        name: str = ""
        inner: Inner = Inner()

    file = yaml(tmp_path, "inner: {name: x}\n")
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(
            Outer, [str(file), "--name", "a"], program="p", description="d", file="f"
        )
    assert str(refused.value).startswith(f"{file}: 'inner.name'")


def test_unknown_alternative_lists_those_there_are() -> None:
    message = refusal("--name", "a", "--dataset.type", "imagenet")
    assert "'digits'" in message
    assert "'cifar10'" in message


def test_budget_that_is_no_pairs_is_refused() -> None:
    assert "'fast' is not key=value,key=value" in refusal("--name", "a", "--budgets", "fast")


def test_syntax_error_gives_the_line(tmp_path: Path) -> None:
    message = refusal(file=yaml(tmp_path, "name: a\nthreads: 2\nblocks: {count: 3\n"))
    assert ", line 4 is not YAML" in message


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "", "3\n"])
def test_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "holds no mapping (write `key: value` lines)" in refusal(file=yaml(tmp_path, text))


@pytest.mark.parametrize(
    "content",
    [b"name: \xff\xfe\n", b"name: \x00\n", b"name: 2026-13-45\n", b"name: !!int x\n"],
)
def test_file_that_cannot_be_read_as_yaml_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_bytes(content)
    assert "is not YAML: " in refusal(file=path)


def test_yaml_makes_no_python_objects(tmp_path: Path) -> None:
    target = tmp_path / "made"
    file = yaml(tmp_path, f"name: !!python/object/apply:pathlib.Path.mkdir [{target}]\n")
    assert "is not YAML" in refusal(file=file)
    assert not target.exists()


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no.yaml: No such file" in refusal(file=tmp_path / "no.yaml")
    assert "Is a directory" in refusal(file=tmp_path)


def test_yaml_of_a_file_is_its_mapping(tmp_path: Path) -> None:
    assert load_yaml(yaml(tmp_path, "a: {b: [1, x]}\n")) == {"a": {"b": [1, "x"]}}


def test_help_exits_with_0_and_mentions_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        read("--help")
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for flag in (
        *("--name", "--threads", "--precise", "--no-precise", "--level", "--ratios", "--budgets"),
        *("--blocks.count", "--blocks.max-ratio", "--dataset.type", "--dataset.root", "--store"),
        *("--dataset.shuffle", "--dataset.seed", "SCENARIO.yaml"),
    ):
        assert flag in text
    words = " ".join(text.split())
    assert "Shown in reports." in words
    assert "80 % by default. [0.8]" in words
    assert "low|high" in words
    assert "digits|cifar10" in words
    assert "--dataset.channels 1|3 Of an image." in words
    assert "latency_ms=…,memory_mb=…" in words


def test_flags_alone_import_no_yaml() -> None:
    script = (
        "import sys\n"
        "from kenning_lego.core.configuration import Component\n"
        "from kenning_lego.core.flags import parse_configuration\n"
        "class C(Component):\n    a: int = 0\n"
        "assert parse_configuration(C, ['--a', '3'], program='p', description='').a == 3\n"
        "assert 'yaml' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_flags_of_a_component_whose_type_is_not_said_are_the_defaults() -> None:
    config = parse_configuration(
        InferenceTestConfig,
        ["--workspace", "w", "--compiler.precision", "int8"],
        program="kenning-lego test",
        description="",
    )
    assert (config.compiler.type, config.compiler.precision) == ("onnx", "int8")
