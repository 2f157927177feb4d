"""The JSON schemas that editors check scenarios by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from kenning_lego.core.entry import run
from kenning_lego.scenarios import info
from kenning_lego.scenarios.describing.schema import schema_of
from kenning_lego.scenarios.describing.verbs import VERBS
from kenning_lego.scenarios.describing.writing import new_scenario


def objects(node: object) -> Iterator[dict[str, Any]]:
    """Every schema of an object."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for each in node.values():
            yield from objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)


@pytest.mark.parametrize("verb", VERBS)
def test_every_parameter_is_explained_and_no_other_is_allowed(verb: str) -> None:
    schema = schema_of(VERBS[verb].model, verb)
    assert schema["$id"] == f"urn:kenning-lego:schema:{verb}"
    for each in objects(schema):
        assert each["additionalProperties"] is False
        for name, parameter in each["properties"].items():
            reference = parameter.get("$ref")
            if reference:
                parameter = schema["$defs"][reference.rpartition("/")[2]]
            assert parameter.get("description"), name


def test_alternatives_must_say_which_they_are() -> None:
    schema = schema_of(VERBS["test"].model, "test")
    for name in ("Digits", "Cifar10", "ImageFolder", "Onnx", "LiteRt"):
        assert "type" in schema["$defs"][name]["required"]


@pytest.mark.parametrize("verb", [v for v, each in VERBS.items() if each.start is not None])
def test_schema_takes_what_is_written_and_refuses_what_is_not_known(verb: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    schema = schema_of(VERBS[verb].model, verb)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for everything in (False, True):
        content = yaml.safe_load(new_scenario(verb, everything=everything).text(None)) or {}
        assert list(validator.iter_errors(content)) == []
        assert list(validator.iter_errors({**content, "wrokspace": "w"}))


def test_verb_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(info.main, ["test", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema_of(VERBS["test"].model, "test")
    assert run(info.main, ["cifar10", "--schema"]) == 0
    assert "root" in json.loads(capsys.readouterr().out)["properties"]


def test_name_without_a_configuration_has_no_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(info.main, ["top1", "--schema"]) == 2
    assert "no configuration of its own" in capsys.readouterr().err
    assert run(info.main, ["random", "--schema"]) == 2
    assert "choose one with --kind" in capsys.readouterr().err
    assert run(info.main, ["random", "--schema", "--kind", "dataset"]) == 0
