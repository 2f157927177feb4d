"""The example notebook runs as it stands, on a workspace like the demo's."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

import kenning_lego as kl
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.opening import open_record
from tests.scenarios.online.networks import made

NOTEBOOK = Path(kl.__file__).parents[1] / "examples" / "results.ipynb"
PANDAS = importlib.util.find_spec("pandas") is not None
CLIENT = all(importlib.util.find_spec(each) for each in ("nbclient", "nbformat", "ipykernel"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which the demo's workspace seems to have been made."""
    made(tmp_path / "workspaces" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path


def cells() -> list[dict[str, Any]]:
    content: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [each for each in content["cells"] if each["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, Any]) -> object:
    """What a cell's last line gives, as a notebook takes it."""
    *before, last = ast.parse(source).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_cells_run_in_order_and_show_something(here: Path) -> None:
    names: dict[str, Any] = {}
    shown = []
    for cell in cells():
        if "pandas" in cell["metadata"].get("tags", ()) and not PANDAS:
            continue
        value = run_cell("".join(cell["source"]), names)
        shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
    assert all(shown)
    assert "resnet18" in shown[0]
    assert (here / "build" / "report.html").is_file()


@pytest.mark.skipif(not (CLIENT and PANDAS), reason="nbclient, ipykernel or pandas is missing")
def test_notebook_runs_in_jupyter(here: Path) -> None:
    import nbclient
    import nbformat

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120).execute(cwd=str(here))
    assert all(cell.outputs for cell in notebook.cells if cell.cell_type == "code")


def test_notebook_is_kept_without_outputs() -> None:
    assert all(each["outputs"] == [] and each["execution_count"] is None for each in cells())


def test_results_are_a_collection(here: Path) -> None:
    results = kl.results("workspaces/demo")
    assert len(results) == len(results[:5]) == 1
    run = results[0]
    assert results[run.id] == results["latest"] == run
    assert list(results.where(network="nothing")) == []
    assert repr(results) == "<1 run>"
    assert run.open() == kl.open_record(run.path) == open_record(run.path / "record.json")
    with pytest.raises(UnknownNameError):
        results["nothing"]
    with pytest.raises(UnknownNameError, match="unknown kind of record 'tea'"):
        results.where(kind="tea")
