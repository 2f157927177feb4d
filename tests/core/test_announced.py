"""Components of other packages in fields that are told by their ``type``."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from kenning_lego.core.announced import Announced
from kenning_lego.core.configuration import Component, explain
from kenning_lego.core.errors import UsageError
from kenning_lego.core.flags import HelpShown, parse_configuration

GROUP = "tests.shapes"


class Shape(Component):
    pass


class Circle(Shape):
    type: Literal["circle"] = "circle"
    radius: float = 1.0


class Square(Shape):
    type: Literal["square"] = "square"


class Ring(Shape):
    """What another package brings."""

    type: Literal["ring"] = "ring"
    width: Annotated[float, Field(gt=0)] = 0.1


class NotOne(Component):
    type: Literal["hole"] = "hole"


class Drawing(Component):
    shape: Annotated[Circle | Square, Field(discriminator="type"), Announced(GROUP, Shape)] = (
        Circle()
    )


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"ring": "Ring", "circle": "Ring", "hole": "NotOne", "oval": "Ring", "gone": "Gone"}
    points = [EntryPoint(name, f"{__name__}:{value}", GROUP) for name, value in named.items()]
    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: EntryPoints(points if group == GROUP else []),
    )


def shape_of(drawing: Drawing) -> object:
    return drawing.shape


def drawn(**shape: object) -> object:
    return shape_of(Drawing.model_validate({"shape": shape}))


def test_ours_are_as_before_and_their_names_cannot_be_taken() -> None:
    assert drawn(type="square") == Square()
    assert drawn(type="circle", radius=2) == Circle(radius=2)


def test_announced_one_is_made_with_its_parameters() -> None:
    assert drawn(type="ring", width=0.5) == Ring(width=0.5)
    assert shape_of(Drawing.model_validate({"shape": Ring(width=0.5)})) == Ring(width=0.5)


def test_announced_one_is_written_with_its_parameters() -> None:
    content = Drawing.model_validate({"shape": {"type": "ring"}}).model_dump(mode="json")
    assert content == {"shape": {"type": "ring", "width": 0.1}}
    assert Drawing().model_dump(mode="json") == {"shape": {"type": "circle", "radius": 1.0}}


def test_what_is_wrong_with_it_is_said_where_it_is() -> None:
    with pytest.raises(ValidationError) as caught:
        drawn(type="ring", width=-1)
    assert "scenario.yaml: 'shape.width'" in str(explain(caught.value, "scenario.yaml"))


def test_unknown_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match=r"unknown type 'rign' \(did you mean 'ring'\?\)"):
        drawn(type="rign")
    others: list[object] = [5, {}, {"type": 5}, {"type": []}]
    for given in others:
        with pytest.raises(ValidationError):
            Drawing.model_validate({"shape": given})


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("hole", r"is no class of .*\.Shape"),
        ("oval", "has the type 'ring'"),
        ("gone", "unknown name"),
    ],
)
def test_announced_thing_that_is_none_is_refused(name: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        drawn(type=name)


def test_schema_and_flags_are_those_of_ours() -> None:
    assert Drawing.model_json_schema()["properties"]["shape"]["discriminator"][
        "mapping"
    ].keys() == {
        "circle",
        "square",
    }


def parsed(*arguments: str, file: Path | None = None) -> object:
    given = [str(file), *arguments] if file else list(arguments)
    return shape_of(parse_configuration(Drawing, given, program="draw", description="", file="a"))


def test_fields_of_an_announced_one_are_flags_where_it_is_named(tmp_path: Path) -> None:
    assert parsed("--shape.type", "ring", "--shape.width", "0.5") == Ring(width=0.5)
    assert parsed("--shape.width=0.5", "--shape.type=ring") == Ring(width=0.5)
    file = tmp_path / "drawing.yaml"
    file.write_text("shape: {type: ring, width: 0.2}")
    assert parsed("--shape.width", "0.5", file=file) == Ring(width=0.5)
    assert parsed("--shape.type", "square", file=file) == Square()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--shape.width", "0.5"), "unknown flag --shape.width"),
        (("--shape.type", "oblong", "--shape.width", "0.5"), "unknown flag --shape.width"),
        (("--shape.type", "ring", "--shape.width", "-1"), "--shape.width: Input should be greater"),
        (("--shape.type", "gone"), "Gone"),
        (("--shape.type",), "expected one argument"),
    ],
)
def test_what_is_wrong_with_its_flags_is_said(arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parsed(*arguments)


def test_its_flags_stand_in_the_help_of_their_group(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HelpShown):
        parsed("--shape.type", "ring", "--help", "shape")
    assert "--shape.width X" in capsys.readouterr().out
    with pytest.raises(HelpShown):
        parsed("--help", "shape")
    assert "--shape.width" not in capsys.readouterr().out
