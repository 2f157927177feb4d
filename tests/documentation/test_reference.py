"""The reference is written from the code: nothing of it is left out."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import kenning_lego
from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.output import FLAGS
from kenning_lego.core.telemetry import quantity_of
from kenning_lego.scenarios.describing.components import KINDS
from kenning_lego.scenarios.describing.verbs import ACTIONS
from kenning_lego.scenarios.describing.verbs import VERBS as DESCRIBED
from kenning_lego.scenarios.verbs import VERBS
from kenning_lego.servers.sensors.find import find_sensors
from tests.servers.trees import BOARDS, tree
from tools.documentation import commands, components, decisions, python_api, records
from tools.documentation.errors import error_table
from tools.documentation.house import drawing, house
from tools.documentation.markdown import definition, from_docstring, table
from tools.documentation.settings import flag_of

ROOT = Path(kenning_lego.__file__).parents[1]
DOCS = ROOT / "docs"
COMMANDS = [
    *([verb] for verb in VERBS if verb not in ACTIONS),
    *([verb, action] for verb, actions in ACTIONS.items() for action in actions),
]


@pytest.fixture(scope="module")
def command_pages() -> dict[str, str]:
    return dict(commands.pages())


def test_every_verb_and_action_is_described() -> None:
    assert {*VERBS} == {*DESCRIBED, *ACTIONS}
    for verb, (module, _) in VERBS.items():
        found = importlib.import_module(f"kenning_lego.scenarios.{module}")
        assert {*getattr(found, "ACTIONS", ())} == {*ACTIONS.get(verb, ())}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_flag_of_the_help_is_on_the_verbs_page(
    command: Sequence[str], command_pages: dict[str, str]
) -> None:
    page = command_pages[f"{commands.DIRECTORY}/{command[0]}.md"]
    flags = set(re.findall(r"(?m)^  (--[a-z][\w.-]*)", commands.help_of(command)))
    assert flags
    # A switch stands there once: `--no-a` is the opposite of `--a`.
    positive = {flag.replace("--no-", "--", 1) for flag in flags} - FLAGS.keys()
    assert not {flag for flag in positive if f"`{flag}`" not in page}


def test_index_of_verbs_names_all(command_pages: dict[str, str]) -> None:
    index = command_pages[f"{commands.DIRECTORY}/index.md"]
    for verb, (_, purpose) in VERBS.items():
        assert f"[`{verb}`]({verb}.md): {purpose}" in index
    assert all(f"`{flag}`" in index for flag in FLAGS)


def test_flags_are_spelled_as_the_parser_spells_them() -> None:
    assert flag_of("target.server_key") == "--target.server-key"
    assert flag_of("json_") == "--json"


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_and_parameter_is_on_its_kinds_page(kind: str) -> None:
    page = dict(components.pages())[f"{components.DIRECTORY}/{kind}.md"]
    for each in components.ours(kind):
        assert re.search(rf"^## {each.name}$|^\| `{each.name}` ", page, re.MULTILINE)
        names = [p.name for p in each.parameters if not p.models]
        names += [argument.name for argument in each.arguments]
        assert all(f"`{name}" in page for name in names)


@pytest.mark.parametrize("module", records.modules())
def test_every_field_of_a_record_is_on_its_page(module: str) -> None:
    page = dict(records.pages())[f"{records.DIRECTORY}/{module}.md"]
    sections = {each.partition("\n")[0]: each for each in page.split("\n## ")[1:]}
    for model in records.models(module):
        inherited = {name for base in model.__bases__ for name in getattr(base, "model_fields", ())}
        for name in model.model_fields.keys() - inherited:
            assert f"\n| `{name}` | " in sections[model.__name__]


def test_all_modules_of_records_are_there() -> None:
    assert {"records", "run_headers", "pipeline_records"} <= {*records.modules()}


def test_python_page_has_the_public_names() -> None:
    names = python_api.public_names()
    assert {"connect", "test", "select"} <= names.keys() <= {*dir(kenning_lego)}
    content = python_api.content()
    assert all(
        f"::: {path}\n" in content and f"'kl.{name}'" in content for name, path in names.items()
    )


def test_errors_stand_with_their_exit_codes() -> None:
    rows = error_table()
    tree: list[type[KenningLegoError]] = [KenningLegoError, *KenningLegoError.__subclasses__()]
    for error in tree:
        if error.__module__ == "kenning_lego.core.errors":
            assert re.search(rf"`{error.__name__}` \| {error.exit_code} \| \S", rows)


def test_page_on_exit_codes_has_all() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text()
    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE)[:4] == ["0", "1", "2", "3"]
    assert "| 130 |" in page


def test_every_room_is_in_the_drawing_and_in_the_table() -> None:
    package = Path(kenning_lego.__file__).parent
    rooms = {path.parent.name for path in package.glob("*/__init__.py")} | {"cli"}
    layers = house(ROOT / "pyproject.toml")
    drawn = [room for layer in layers for room in layer]
    assert {room.name for room in drawn} == rooms
    assert all(room.purpose for room in drawn)
    html = drawing(layers)
    told = (DOCS / "architecture.md").read_text()
    for room in drawn:
        assert f"<strong>{room.name}</strong>" in html
        assert re.search(rf"^\|[^|]*`{room.name}`", told, re.MULTILINE), room.name


def test_rooms_that_run_on_targets_are_marked() -> None:
    drawn = [room for layer in house(ROOT / "pyproject.toml") for room in layer]
    on_target = {room.name for room in drawn if room.on_target}
    assert {"core", "protocols", "servers", "selection"} <= on_target
    assert not on_target & {"blocks", "reports", "training", "scenarios"}


def test_every_decision_is_listed() -> None:
    index = decisions.index(DOCS)
    for path in (DOCS / "adr").glob("*.md"):
        assert f"]({path.name})" in index


@pytest.mark.parametrize("board", sorted(BOARDS))
def test_telemetry_page_has_what_sensors_tell(board: str, tmp_path: Path) -> None:
    page = (DOCS / "reference" / "telemetry.md").read_text()
    for sensor in find_sensors(tree(tmp_path, BOARDS[board])):
        sensor.read()  # shares are told from the second time on
        for key in sensor.read():
            assert f"`{quantity_of(key)}" in page, key
        sensor.close()


def test_telemetry_page_has_what_the_sensors_source_names() -> None:
    page = (DOCS / "reference" / "telemetry.md").read_text()
    sources = (ROOT / "kenning_lego" / "servers" / "sensors").glob("*.py")
    text = "".join(path.read_text() for path in sources)
    quantities = set(re.findall(r'f"([a-z_]+)\.\{', text))
    assert len(quantities) >= 8
    assert all(f"`{quantity}." in page for quantity in quantities)


def test_pages_tell_nothing_of_the_machine_that_builds_them(command_pages: dict[str, str]) -> None:
    pages = [*command_pages.values(), *dict(components.pages()).values()]
    for private in (str(ROOT), str(Path.home())):
        assert not any(f"{private}/" in page for page in pages)


def test_docstrings_become_markdown() -> None:
    assert from_docstring("see :class:`~kenning_lego.core.specs.TensorSpec`, ``a``") == (
        "see `TensorSpec`, `a`"
    )
    assert (
        from_docstring("see docs/how-to/online.md.") == "see [how-to/online.md](/how-to/online.md)."
    )
    assert from_docstring("`*` and * for <id>") == "`*` and \\* for &lt;id>"
    assert table(("a",), [("b | c\nd",)]) == "| a |\n| --- |\n| b \\| c d |\n"
    assert definition("a", "", "b\n  c") == "`a`\n:   b c\n\n"
