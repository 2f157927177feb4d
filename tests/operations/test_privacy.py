"""What leaves the machine names neither its user nor itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.operations.doctor.privacy import cleaned, cleaner
from kenning_lego.operations.doctor.report import make_report
from tests.operations.facts import but

CLEAN = cleaner(home=Path("/home/ann"), names={"zeus": "HOST", "ann": "USER", "pi": "USER"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann/.cache/store", "~/.cache/store"),
        ("cannot read '/home/ann'", "cannot read '~'"),
        ("/home/bob/lib.so: not found", "~/lib.so: not found"),
        ("/root/.local/lib", "~/.local/lib"),
        ("/home/ann: no", "~: no"),
        ("/mnt/home/bobby", "/mnt/home/bobby"),
        ("/rootfs/lib", "/rootfs/lib"),
        ("/media/bob/disk/store", "/media/~/disk/store"),
        ("/run/media/bob", "/run/media/~"),
        ("host zeus says", "host HOST says"),
        ("zeus", "HOST"),
        ("zeusian", "zeusian"),
        ("user ann, annotated", "user USER, annotated"),
        ("raspberry pi", "raspberry pi"),
    ],
)
def test_homes_and_names_are_taken_out(text: str, shown: str) -> None:
    assert CLEAN(text) == shown


@given(st.text(alphabet="/abn hme:u'z", max_size=60))
def test_nothing_private_is_left_in_any_path(text: str) -> None:
    assert "/home/ann/" not in CLEAN(f"{text}/home/ann/{text}")


def test_names_that_tell_nothing_stay() -> None:
    clean = cleaner(home=None, names={"raspberrypi": "HOST", "nvidia": "USER"})
    assert clean("raspberrypi has nvidia 550") == "raspberrypi has nvidia 550"


def test_root_directory_as_home_does_not_turn_every_path_around() -> None:
    assert cleaner(home=Path("/"), names={})("/usr/lib") == "/usr/lib"


def test_every_text_of_a_value_is_cleaned() -> None:
    value = {"a": ["/home/ann/x", 3, None, {"b": ("zeus", True)}]}
    assert cleaned(value, CLEAN) == {"a": ["~/x", 3, None, {"b": ["HOST", True]}]}


def test_report_has_no_home_and_no_name() -> None:
    facts = but("storage", directory="/home/ann/.cache/store", free_bytes=1)
    report = make_report(facts, CLEAN)
    assert report.facts.storage is not None
    assert report.facts.storage.directory == "~/.cache/store"
    assert "/home" not in report.model_dump_json()
    assert any("~/.cache/store" in each.what for each in report.findings)


def test_host_name_that_was_asked_for_is_shown() -> None:
    facts = but("storage", directory="/data").model_copy(update={"host_name": "zeus"})
    assert make_report(facts, CLEAN).facts.host_name == "zeus"
