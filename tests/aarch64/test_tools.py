"""What `make test-aarch64` refuses before it does anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError
from tests.aarch64.tools import check_machine


def test_anybody_but_root_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ConfigurationError, match="needs root") as refused:
        check_machine()
    assert refused.value.remedy == "sudo make test-aarch64"


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"apt-get.* wget"):
        check_machine()
