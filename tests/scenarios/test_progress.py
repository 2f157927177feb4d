"""Steps as people see them: which of how many, how far, and what is left."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from kenning_lego.core.output import Mode, current, opened
from kenning_lego.scenarios.baseline.configuration import BaselineConfig
from kenning_lego.scenarios.offline.configuration import ModelConfig
from kenning_lego.scenarios.progress import Steps, Track, make_console, waiting_on
from kenning_lego.scenarios.step_counts import steps_of_baseline, steps_of_blocks, steps_of_test
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig

W = {"workspace": "w"}


def test_lines_tell_what_is_left_from_the_pace_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1e9]
    monkeypatch.setattr("kenning_lego.scenarios.progress.time.monotonic", lambda: clock[0])
    out = io.StringIO()
    track = Track(Console(file=out, width=100), "3/8 retrain")
    for done in (600, 610, 620, 630):  # 600 were done by an earlier run
        clock[0] += 20
        track.update(done, 1000, "epoch 3 of 5")
    assert out.getvalue().splitlines() == [
        "  3/8 retrain: 60% epoch 3 of 5",
        "  3/8 retrain: 61% epoch 3 of 5",
        "  3/8 retrain: 62% epoch 3 of 5, about 13 min left",
        "  3/8 retrain: 63% epoch 3 of 5, about 12 min left",
    ]


def test_work_of_an_unknown_amount_is_told_without_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1e9]
    monkeypatch.setattr("kenning_lego.scenarios.progress.time.monotonic", lambda: clock[0])
    out = io.StringIO()
    track = Track(Console(file=out, width=100), "load")
    clock[0] += 20
    track.update(7, 0, "fetch cifar.tar.gz, 7.0 MB")
    assert out.getvalue() == "  load: fetch cifar.tar.gz, 7.0 MB\n"


def test_steps_are_numbered_as_far_as_their_number_is_known() -> None:
    out = io.StringIO()
    step = Steps(Console(file=out, width=100), 2)
    for title in ("cut", "make", "more"):
        with step(title) as track:
            track.note = "done"
    lines = out.getvalue().splitlines()
    assert [line.split(":")[0].removesuffix(" ...") for line in lines[::2]] == [
        "  1/2 cut",
        "  2/2 make",
        "  more",
    ]
    assert lines[1].endswith(" s (done)")
    assert list(step.durations_s) == ["cut", "make", "more"]


def test_what_is_deep_in_a_step_shows_how_far_it_is_there() -> None:
    shown = []
    with opened(Mode()) as output:
        with Steps(Console(file=io.StringIO()))("load"):
            shown.append(output.on_progress)
        shown.append(output.on_progress)
        assert current() is output
    inside, after = shown
    assert inside is not None
    assert after is None


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_a_terminal_gets_a_bar_with_number_and_time(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1e9]
    monkeypatch.setattr("kenning_lego.scenarios.progress.time.monotonic", lambda: clock[0])
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=True, force_interactive=True, color_system=None
    )
    with Steps(console, 9)("train the network") as track:
        for done in range(4):
            clock[0] += 60
            track.update(done, 10, "epoch 1/4, loss 2.0037, validation 0.1234")
        assert track.bar is not None
        track.bar.refresh()
    line = next(each for each in reversed(out.getvalue().split("\r")) if "left" in each)
    assert "1/9 train the network" in line
    assert "about 7 min left" in line
    assert "epoch" in line or width < 60


@pytest.mark.parametrize(("quiet", "json"), [(True, False), (True, True)])
def test_a_quiet_verb_shows_no_steps(
    quiet: bool, json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(Mode(quiet, json)), Steps(make_console(), 3)("retrain") as track:
        track.update(1, 2)
    assert capsys.readouterr() == ("", "")


def test_steps_of_a_verb_that_prints_json_are_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with opened(Mode(json=True)), Steps(make_console(), 3)("retrain"):
        pass
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "1/3 retrain" in shown.err
    assert "\x1b" not in shown.err


def test_forced_colours_in_a_pipe_move_no_cursor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with opened(Mode()):
        console = make_console()
        with Steps(console, 3)("retrain"):
            console.print("red", style="red")
    shown = capsys.readouterr().out
    assert "\x1b[31mred" in shown
    assert "\x1b[?25l" not in shown
    assert "\x1b[2K" not in shown


def test_counts_follow_what_a_scenario_is_told() -> None:
    given = ModelConfig(checkpoint="weights.safetensors")
    test = InferenceTestConfig.model_validate(W)
    assert steps_of_blocks(test) == 8
    assert steps_of_blocks(test.model_copy(update={"model": given})) == 7
    assert steps_of_test(test) == 18
    more = {**W, "measurement": {"memory": "peak", "energy_s": 5}, "compiler": {"type": "onnx"}}
    assert steps_of_test(InferenceTestConfig.model_validate(more)) == 20
    assert steps_of_baseline(BaselineConfig.model_validate(W)) == 7


@pytest.mark.parametrize("interactive", [True, False])
def test_what_is_waited_for_is_shown_on_a_terminal_alone(interactive: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=interactive, force_interactive=interactive)
    with waiting_on(console)("installing"):
        pass
    assert ("installing" in out.getvalue()) is interactive
