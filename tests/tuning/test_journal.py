"""The journal is believed only if it is ours, whole but for its last line, and names settings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.tuning.journal import (
    Clocks,
    Journal,
    Mode,
    Reached,
    Setting,
    begin,
    locked,
    parse_journal,
    read_journal,
)
from kenning_lego.tuning.plan import TuneOptions
from kenning_lego.tuning.restore import restore
from kenning_lego.tuning.settings import check_setting, write_setting
from kenning_lego.tuning.tune import Place, tune
from tests.machines import CPU, jetson, laptop, settings, tree

GOVERNOR = f"{CPU}/cpufreq/policy0/scaling_governor"
ENTRIES = (
    Setting(f"{CPU}/cpufreq/policy0/scaling_min_freq", "600000", None),
    Mode(1, 0),
    Setting(GOVERNOR, "powersave", "performance"),
    Clocks(),
    Reached({GOVERNOR: "performance"}),
)


def written(directory: Path) -> Path:
    path = directory / "tune.journal"
    with Journal(path, begin(laptop(directory / "root"), "reset")) as journal:
        for entry in ENTRIES:
            journal.add(entry)
    return path


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


HEADER = line(kenning_lego_journal=1, boot="b", at=1.0, until="reset", pid=1)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    recorded = read_journal(path)
    assert recorded is not None
    assert recorded.entries == ENTRIES
    assert recorded.began is not None
    assert recorded.began.until == "reset"
    assert recorded.began.pid == os.getpid()
    assert path.stat().st_mode & 0o777 == 0o600


def test_half_a_last_line_is_a_change_that_was_not_made(tmp_path: Path) -> None:
    content = written(tmp_path).read_bytes()
    ends = [at + 1 for at, byte in enumerate(content) if byte == ord("\n")]
    for cut in range(len(content)):
        recorded = parse_journal(content[:cut], tmp_path)
        # A line without its newline is whole: only that was lost.
        lines = sum(end - 1 <= cut for end in ends)
        assert recorded.entries == ENTRIES[: max(0, lines - 1)], cut
        assert (recorded.began is None) == (lines == 0), cut


def test_every_beginning_of_a_journal_can_be_put_back(tmp_path: Path) -> None:
    """As after a crash at any byte: what was changed by then goes back, once and again."""
    root = jetson(tmp_path / "root")
    before = settings(root)
    here = Place(root, tmp_path / "state")
    tune(here, TuneOptions(fixed_clocks=False, power_mode="keep"), lambda _: None)
    content = here.journal.read_bytes()
    for cut in range(0, len(content), 7):
        recorded = parse_journal(content[:cut], here.journal)
        changed = [setting for setting in recorded.settings if setting.after]
        tree(root, {setting.name: f"{setting.before}\n" for setting in changed})
        for setting in changed:
            write_setting(root, setting.name, setting.after or "")
        for _ in range(2):
            restore(root, here.journal, recorded, lambda _: None)
        for setting in changed:
            assert (root / setting.name).read_text().strip() == setting.before
    assert settings(root) == before


def test_damage_before_the_last_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"line 2 is not JSON.*by hand"):
        parse_journal(HEADER + b'{"entry": "clo\n' + line(entry="clocks"), tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        {"entry": "setting", "name": "etc/passwd", "before": "x", "after": None},
        {"entry": "setting", "name": f"{CPU}/../../../../etc/passwd", "before": "1", "after": "1"},
        {"entry": "setting", "name": f"/{GOVERNOR}", "before": "ondemand", "after": None},
        {"entry": "setting", "name": GOVERNOR, "before": "on demand", "after": None},
        {"entry": "setting", "name": GOVERNOR, "before": "a", "after": "x\ny"},
        {"entry": "setting", "name": GOVERNOR, "before": 1, "after": None},
        {"entry": "setting", "name": GOVERNOR},
        {"entry": "reached", "values": {"etc/passwd": "x"}},
        {"entry": "reached", "values": 3},
        {"entry": "power mode", "before": "0; reboot", "after": 1},
        {"entry": "power mode", "before": True, "after": 1},
        {"entry": "power mode", "before": -1, "after": 1},
        {"entry": "program", "path": "/bin/sh"},
        {"entry": None},
        {},
    ],
)
def test_entry_that_we_never_write_is_refused(tmp_path: Path, entry: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        parse_journal(HEADER + line(**entry), tmp_path)


@pytest.mark.parametrize(
    "header", [{}, {"kenning_lego_journal": 2}, {"kenning_lego_journal": 1, "until": "later"}]
)
def test_header_that_we_never_write_is_refused(tmp_path: Path, header: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="damaged"):
        parse_journal(line(**header), tmp_path)


@given(st.binary(max_size=400))
def test_nonsense_is_refused_or_empty(content: bytes) -> None:
    try:
        recorded = parse_journal(content, Path("j"))
    except ConfigurationError:
        return
    assert recorded.entries == ()


def test_journal_that_others_could_have_written_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.chmod(0o620)
    with pytest.raises(ConfigurationError, match="other users could have written"):
        read_journal(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_journal_of_another_user_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        read_journal(path)


def test_link_in_the_place_of_a_journal_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_journal(link)


def test_pipe_in_the_place_of_a_journal_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigurationError, match="is not a file"):
        read_journal(path)


def test_journal_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot write"):
        Journal(path, begin(tmp_path, "reset"))
    recorded = read_journal(path)
    assert recorded is not None
    assert recorded.entries == ENTRIES


def test_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(ConfigurationError, match="other users"), locked(state):
        pytest.fail("it was used")


def test_only_known_settings_are_ever_written(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    with pytest.raises(ConfigurationError, match="not a setting"):
        write_setting(tmp_path, "victim", "0")
    governor = tmp_path / GOVERNOR
    governor.parent.mkdir(parents=True)
    governor.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        write_setting(tmp_path, GOVERNOR, "performance")
    assert victim.read_text() == "mine"


@given(st.text(max_size=80))
def test_no_other_path_is_a_setting(name: str) -> None:
    with pytest.raises(ConfigurationError):
        check_setting(name, "0")
