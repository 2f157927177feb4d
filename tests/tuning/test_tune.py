"""Settings are changed as told, and every one of them goes back, whatever comes between."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.tuning import restore as restoring
from kenning_lego.tuning import tune as tune_module
from kenning_lego.tuning.jetson import TuningError
from kenning_lego.tuning.journal import Reached, Recorded, Setting, begin
from kenning_lego.tuning.plan import TuneOptions, plan_changes
from kenning_lego.tuning.restore import restore
from kenning_lego.tuning.settings import write_setting
from kenning_lego.tuning.tune import Place, reset, tune, tuned
from tests.machines import CPU, boot, jetson, laptop, policy, raspberry_pi, settings, tree

GOVERNOR = f"{CPU}/cpufreq/policy0/scaling_governor"
NO_TURBO = f"{CPU}/intel_pstate/no_turbo"
MAKERS = (raspberry_pi, jetson, laptop)


@pytest.fixture
def told() -> list[str]:
    return []


def place(tmp_path: Path, make: Callable[[Path], Path]) -> Place:
    return Place(make(tmp_path / "root"), tmp_path / "state")


def value(root: Path, name: str) -> str:
    return (root / name).read_text().strip()


@pytest.mark.parametrize("make", MAKERS)
def test_governors_are_set_and_everything_goes_back(
    tmp_path: Path, make: Callable[[Path], Path], told: list[str]
) -> None:
    here = place(tmp_path, make)
    before = settings(here.root)
    tune(here, TuneOptions(turbo=False), told.append)
    governors = sorted(here.root.glob(f"{CPU}/cpufreq/policy*/scaling_governor"))
    assert governors
    for path in governors:
        assert path.read_text() == "performance\n"
        assert any(f"/{path.relative_to(here.root)}: " in line for line in told)
    assert settings(here.root) != before
    assert reset(here, told.append)
    assert settings(here.root) == before
    assert not here.journal.exists()
    assert not reset(here, told.append)


def test_jetson_gets_its_fastest_mode_and_fixed_clocks_until_reset(
    tmp_path: Path, told: list[str]
) -> None:
    here = place(tmp_path, jetson)
    tune(here, TuneOptions(), told.append)
    assert value(here.root, "mode") == "0"
    assert value(here.root, f"{CPU}/cpufreq/policy0/scaling_min_freq") == "2188800"
    assert "nvpmodel: mode 1 (7W) -> 0 (MAXN)" in told
    told.clear()
    reset(here, told.append)
    assert "nvpmodel: mode 0 (MAXN) -> 1" in told
    assert not list(here.state.iterdir())


def test_jetson_keeps_mode_and_clocks_when_told_so(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, jetson)
    tune(here, TuneOptions(power_mode="keep", fixed_clocks=False), told.append)
    assert value(here.root, "mode") == "1"
    assert value(here.root, f"{CPU}/cpufreq/policy0/scaling_min_freq") == "729600"
    assert value(here.root, GOVERNOR) == "performance"


def test_mode_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    here = place(tmp_path, jetson)
    with pytest.raises(UnknownNameError, match=r"unknown power mode '15W'.*7W"):
        tune(here, TuneOptions(power_mode="15W"), lambda _: None)
    assert not here.journal.exists()


def test_mode_that_wants_a_restart_is_told_and_the_rest_is_tuned(
    tmp_path: Path, told: list[str]
) -> None:
    here = place(tmp_path, jetson)
    before = settings(here.root)
    (here.root / "fail-nvpmodel").touch()
    tune(here, TuneOptions(), told.append)
    assert any("needs a restart" in line for line in told)
    assert value(here.root, GOVERNOR) == "performance"
    reset(here, told.append)
    assert settings(here.root) == before


def test_failure_half_way_puts_back_what_was_done(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, jetson)
    before = settings(here.root)
    (here.root / "fail-clocks").touch()
    with pytest.raises(TuningError, match="jetson_clocks failed: no such clock"):
        tune(here, TuneOptions(), told.append)
    assert settings(here.root) == before
    assert not list(here.state.iterdir())


def test_interrupt_half_way_puts_back_what_was_done(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, laptop)
    before = settings(here.root)
    steps = iter(range(10))

    def check() -> None:
        if next(steps) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(here, TuneOptions(), told.append, check)
    assert any("powersave -> performance" in line for line in told)
    assert settings(here.root) == before


def test_turbo_is_left_alone_unless_asked(tmp_path: Path) -> None:
    here = place(tmp_path, laptop)
    tune(here, TuneOptions(), lambda _: None)
    assert value(here.root, NO_TURBO) == "0"
    reset(here, lambda _: None)
    tune(here, TuneOptions(turbo=False), lambda _: None)
    assert value(here.root, NO_TURBO) == "1"


def test_what_somebody_else_changed_is_left_and_told(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, laptop)
    tune(here, TuneOptions(), told.append)
    tree(here.root, {GOVERNOR: "conservative\n"})
    reset(here, told.append)
    assert value(here.root, GOVERNOR) == "conservative"
    assert value(here.root, f"{CPU}/cpufreq/policy1/scaling_governor") == "powersave"
    (line,) = [line for line in told if "somebody else" in line]
    assert f"/{GOVERNOR} is left at conservative" in line
    assert "before us it was powersave" in line


def test_mode_that_somebody_else_changed_is_left_and_told(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, jetson)
    tune(here, TuneOptions(), told.append)
    tree(here.root, {"mode": "3\n"})
    reset(here, told.append)
    assert value(here.root, "mode") == "3"
    assert any("mode 3 is left: somebody else" in line for line in told)


def test_limit_that_changes_by_itself_is_no_concern_of_ours(
    tmp_path: Path, told: list[str]
) -> None:
    here = place(tmp_path, laptop)
    tune(here, TuneOptions(), told.append)
    limit = f"{CPU}/cpufreq/policy0/scaling_max_freq"
    tree(here.root, {limit: "1800000\n"})  # as a thermal limit shows
    told.clear()
    reset(here, told.append)
    assert value(here.root, limit) == "1800000"
    assert not [line for line in told if limit in line]


def test_policy_that_is_gone_is_told(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, laptop)
    tune(here, TuneOptions(), told.append)
    gone = here.root / CPU / "cpufreq/policy1"
    gone.rename(here.root / "offline")
    reset(here, told.append)
    assert any("policy1/scaling_governor is no more; it was powersave" in line for line in told)
    assert value(here.root, GOVERNOR) == "powersave"


def test_after_a_restart_only_the_power_mode_is_put_back(tmp_path: Path, told: list[str]) -> None:
    here = place(tmp_path, jetson)
    tune(here, TuneOptions(), told.append)
    tree(here.root, {**boot("second"), **policy(0, "performance")})  # its own default by now
    reset(here, told.append)
    assert value(here.root, GOVERNOR) == "performance"
    assert value(here.root, "mode") == "1"
    assert any("started anew" in line for line in told)
    assert not list(here.state.iterdir())


def test_second_tune_is_refused_with_the_remedy(tmp_path: Path) -> None:
    here = place(tmp_path, laptop)
    tune(here, TuneOptions(), lambda _: None)
    with pytest.raises(ConfigurationError, match=r"since 20.*--reset"):
        tune(here, TuneOptions(), lambda _: None)
    with (
        pytest.raises(ConfigurationError, match=r"since 20.*--reset"),
        tuned(here, TuneOptions(), lambda _: None),
    ):
        pytest.fail("it was tuned twice")
    reset(here, lambda _: None)
    tune(here, TuneOptions(), lambda _: None)


def test_nothing_is_written_where_there_is_nothing_to_change(tmp_path: Path) -> None:
    here = place(tmp_path, lambda root: tree(root, boot()))
    told: list[str] = []
    assert not tune(here, TuneOptions(), told.append).any
    assert not here.journal.exists()
    assert told == ["the kernel does not control frequencies here, as in a virtual machine"]


def test_block_is_tuned_and_everything_goes_back_whatever_ends_it(tmp_path: Path) -> None:
    here = place(tmp_path, jetson)
    before = settings(here.root)

    def measure() -> None:
        with tuned(here, TuneOptions(), lambda _: None):
            assert value(here.root, GOVERNOR) == "performance"
            with pytest.raises(ConfigurationError, match="another `kenning-lego tune`"):
                tune(here, TuneOptions(), lambda _: None)
            with pytest.raises(ConfigurationError, match="another `kenning-lego tune`"):
                reset(here, lambda _: None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure()
    assert settings(here.root) == before
    assert not list(here.state.iterdir())


def test_limit_that_has_to_wait_for_the_other_is_put_back_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses an upper limit below the lower one; both were raised."""
    root = tree(tmp_path, {**boot(), **policy(0, "performance", 2_000_000, 2_000_000)})
    low, high = (f"{CPU}/cpufreq/policy0/scaling_{name}_freq" for name in ("min", "max"))
    refused: list[str] = []

    def write(root: Path, name: str, text: str) -> None:
        if name == high and int(text) < int(value(root, low)):
            refused.append(name)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        write_setting(root, name, text)

    monkeypatch.setattr(restoring, "write_setting", write)
    entries = (
        Setting(low, "600000", None),
        Setting(high, "1500000", None),
        Reached({low: "2000000", high: "2000000"}),
    )
    journal = tmp_path / "journal"
    restore(root, journal, Recorded(begin(root, "reset"), entries), lambda _: None)
    assert refused == [high]
    assert (value(root, low), value(root, high)) == ("600000", "1500000")


def test_setting_that_cannot_be_put_back_keeps_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = place(tmp_path, laptop)
    before = settings(here.root)
    tune(here, TuneOptions(), lambda _: None)
    with monkeypatch.context() as patched:

        def refuse(root: Path, name: str, text: str) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        patched.setattr(restoring, "write_setting", refuse)
        with pytest.raises(TuningError, match=r"not put back.*Input/output error.*--reset"):
            reset(here, lambda _: None)
    assert here.journal.exists()
    reset(here, lambda _: None)
    assert settings(here.root) == before


def test_governor_that_the_kernel_lacks_is_told(tmp_path: Path) -> None:
    root = raspberry_pi(tmp_path)
    tree(root, {f"{CPU}/cpufreq/policy0/scaling_available_governors": "powersave\n"})
    changes = plan_changes(root, TuneOptions())
    assert not changes.any
    assert changes.remarks == (f"/{CPU}/cpufreq/policy0 has no governor performance",)


@pytest.mark.parametrize(
    ("user", "told"), [(1000, r"needs root.*sudo"), (0, r"Read-only file system.*container")]
)
def test_without_rights_nothing_is_changed_and_the_remedy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, told: str
) -> None:
    here = place(tmp_path, raspberry_pi)
    here.state.mkdir()
    before = settings(here.root)
    monkeypatch.setattr("kenning_lego.tuning.tune.os.access", lambda *_: False)
    monkeypatch.setattr(tune_module, "_is_root", lambda: user == 0)
    with pytest.raises(ConfigurationError, match=told):
        tune(here, TuneOptions(), lambda _: None)
    assert settings(here.root) == before
    assert not here.journal.exists()
