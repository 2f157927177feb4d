"""The verb ``select``: budgets in, configurations out, from a test's record alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.scenarios.online import fronts, tested
from kenning_lego.scenarios.selecting.fronts import thinned
from kenning_lego.scenarios.selection import main
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Budget
from kenning_lego.selection.select import Selected, select
from tests.scenarios.online.networks import made

Output = pytest.CaptureFixture[str]


@pytest.fixture
def network(tmp_path: Path) -> tested.TestedNetwork:
    return made(tmp_path / "w")


def ask(capsys: Output, *arguments: object) -> tuple[int, SelectionRecord]:
    code = run(main, [*map(str, arguments), "--json"])
    return code, SelectionRecord.model_validate_json(capsys.readouterr().out)


def test_each_budget_gets_its_best_configuration(
    network: tested.TestedNetwork, capsys: Output
) -> None:
    root = network.workspace.root
    code, record = ask(capsys, root, "--budgets", "latency_ms=8", "latency_ms=9,memory_mb=12")
    assert code == 0
    for answer, budget in zip(record.answers, (Budget(8.0), Budget(9.0, 12_000_000)), strict=True):
        expected = select(network.problem, budget)
        assert isinstance(expected, Selected)
        (chosen,) = answer.chosen
        assert chosen.variants == expected.choice.variants
        assert chosen.predicted == network.predictor(expected.choice)
        assert chosen.predicted.score is not None
        assert (answer.solver, answer.gap) == ("search", 0.0)
    assert record.networks[0].run == network.record.id


def test_a_budget_that_cannot_be_met_exits_with_3_and_says_what_could(
    network: tested.TestedNetwork, capsys: Output
) -> None:
    root = network.workspace.root
    code, record = ask(capsys, root, "--budgets", "latency_ms=0.1")
    (answer,) = record.answers
    assert (code, answer.feasible, answer.conflicts) == (3, False, (("latency",),))
    (near,) = answer.nearest
    assert near.changed == ("latency",)
    assert near.chosen[0].predicted.latency_ms == pytest.approx(near.budget.latency_ms)
    assert run(main, [str(root), "--budgets", "latency_ms=0.1"]) == 3
    shown = capsys.readouterr().out
    assert "in the way: latency" in shown
    assert "with latency relaxed, within ≤" in shown


def test_demands_beyond_budgets_are_kept(network: tested.TestedNetwork, capsys: Output) -> None:
    root = network.workspace.root
    demands = ["--max-loss", "0.02", "--goal", "latency", "--force", "layer1.0@original"]
    demands += ["--forbid", "*@pruned-0.80", "--same-ratio", "layer2.0", "layer2.1"]
    code, record = ask(capsys, root, *demands)
    assert code == 0
    (chosen,) = record.answers[0].chosen
    assert chosen.variants["layer1.0"] == "layer1.0@original"
    assert not any(name.endswith("-0.80") for name in chosen.variants.values())
    pair = [chosen.variants[block].partition("@")[2] for block in ("layer2.0", "layer2.1")]
    assert pair[0] == pair[1]
    assert chosen.predicted.score is not None
    assert network.predictor.original_score is not None
    assert chosen.predicted.score >= network.predictor.original_score - 0.02


def test_leaving_what_runs_has_its_price(network: tested.TestedNetwork, capsys: Output) -> None:
    root = network.workspace.root
    asked = (root, "--budgets", "latency_share=0.9", "--running", "balanced")
    _, free = ask(capsys, *asked)
    _, dear = ask(capsys, *asked, "--switch-per-block", "1")
    running = network.configuration("balanced").variants
    assert dear.answers[0].chosen[0].variants == running
    assert dear.answers[0].chosen[0].changed == 0
    assert free.answers[0].chosen[0].changed


def test_constraints_come_from_yaml(
    network: tested.TestedNetwork, capsys: Output, tmp_path: Path
) -> None:
    content: dict[str, Any] = {
        "budgets": [{"latency_ms": 9.0}],
        "networks": [
            {
                "workspace": str(network.workspace.root),
                "name": "camera",
                "constraints": [
                    {"name": "few pruned", "coefficients": {"*@pruned-*": 1}, "at_most": 3}
                ],
            }
        ],
    }
    scenario = tmp_path / "select.yaml"
    scenario.write_text(yaml.safe_dump(content))
    code, record = ask(capsys, scenario)
    assert code == 0
    names = record.answers[0].chosen[0].variants.values()
    assert 0 < sum("pruned" in name for name in names) <= 3
    content["budgets"] = [{"latency_ms": 7.5}]
    scenario.write_text(yaml.safe_dump(content))
    code, record = ask(capsys, scenario)
    assert (code, record.answers[0].conflicts) == (3, (("latency", "few pruned"),))


@pytest.mark.parametrize("fairness", ["sum", "max-min"])
def test_several_networks_share_budgets(
    network: tested.TestedNetwork, capsys: Output, fairness: str
) -> None:
    root = network.workspace.root
    asked = (root, root, "--budgets", "latency_ms=16,memory_mb=50", "--fairness", fairness)
    code, record = ask(capsys, *asked)
    assert code == 0
    first, second = record.answers[0].chosen
    assert [first.network, second.network] == ["resnet18-1", "resnet18-2"]
    assert (first.predicted.latency_ms or 99) + (second.predicted.latency_ms or 99) <= 16.0
    assert (first.predicted.memory_bytes or 0) + (second.predicted.memory_bytes or 0) <= 50e6
    assert run(main, [*map(str, asked)]) == 0
    assert "resnet18-2" in capsys.readouterr().out


def test_networks_may_have_bounds_and_weights_of_their_own(
    network: tested.TestedNetwork, capsys: Output
) -> None:
    root = network.workspace.root
    names = [f"workspace={root},name=a,latency_ms=7", f"workspace={root},name=b,weight=5"]
    code, record = ask(capsys, "--networks", *names, "--budgets", "memory_share=0.9")
    assert code == 0
    first, second = record.answers[0].chosen
    assert (first.network, second.network) == ("a", "b")
    assert (first.predicted.latency_ms or 99) <= 7.0
    assert second.accuracy_cost <= first.accuracy_cost


def test_front_is_printed_thinned_kept_and_written_whole(
    network: tested.TestedNetwork, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, output = network.workspace.root, tmp_path / "out"
    assert run(main, [str(root), "--front", "--front-rows", "5", "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    expected = pareto_front(network.problem)
    assert f"Front of resnet18: {len(expected):,} configurations, exact" in shown
    with (output / "front.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(expected)
    assert rows[0]["layer1.0"] == expected[0].variants["layer1.0"]
    assert float(rows[-1]["latency_ms"]) == expected[len(expected) - 1].latency_ms
    columns = json.loads((output / "front.json").read_text())
    assert columns["memory_bytes"] == expected.memories.tolist()
    record = open_as(SelectionRecord, output / "selection.json")
    assert record.fronts
    assert record.undominated["resnet18"].points == len(expected)
    assert "undominated" in (output / "selection.html").read_text(encoding="utf-8")

    monkeypatch.setattr(fronts, "pareto_front", lambda *_, **__: pytest.fail("found again"))
    assert run(main, [str(root), "--front", "--front-rows", "5"]) == 0
    assert capsys.readouterr().out.partition("\nfront")[0].strip() in shown


def test_answers_are_kept_as_a_run_where_that_is_asked_for(
    network: tested.TestedNetwork, capsys: Output
) -> None:
    root = network.workspace.root
    before = len(list((root / "runs").iterdir()))
    assert run(main, [str(root), "--budgets", "latency_share=0.9"]) == 0
    assert len(list((root / "runs").iterdir())) == before
    assert run(main, [str(root), "--budgets", "latency_share=0.9", "--keep"]) == 0
    (kept,) = root.glob("runs/*/selection.json")
    assert f"selection {kept}" in capsys.readouterr().out
    assert len(open_as(SelectionRecord, kept).answers) == 1


def test_thinned_fronts_run_from_the_best_to_the_fastest(network: tested.TestedNetwork) -> None:
    front = pareto_front(network.problem)
    places = thinned(front, 6)
    assert len(places) <= 6
    assert places[0] == 0
    assert front.latencies[places[-1]] == front.latencies.min()
    assert (
        sorted(front.latencies[places].tolist(), reverse=True) == front.latencies[places].tolist()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing is asked: give budgets, another demand, or front"),
        (("--budgets", "latency=3"), "unknown key"),
        (("--budgets", "latency_ms=0"), "should be greater than 0"),
        (("--force", "layer9@original"), "no variant of resnet18 is called 'layer9@original'"),
        (("--force", "layer1.0@*"), "force one variant of a block"),
        (("--same-ratio", "layer1.0"), "same_ratio names one block"),
        (("--same-ratio", "layer1.0", "layer9"), "has no block 'layer9'"),
        (("--goal", "energy"), "the energy of the variants is not known"),
        (("--budgets", "energy_mj=3"), "the energy, which is not known of the variants"),
        (("--running", "none", "--front"), "has no configuration 'none'"),
        (("--switch-per-mb", "1"), "which configuration runs?"),
        (("--run", "none", "--front"), "has no finished run 'none'"),
        (("--min-score", "0.9", "--max-loss", "0.1"), "are the same bound"),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    network: tested.TestedNetwork, capsys: Output, arguments: Sequence[str], said: str
) -> None:
    assert run(main, [str(network.workspace.root), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
