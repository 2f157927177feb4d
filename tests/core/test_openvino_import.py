"""OpenVINO is imported without the package that sends statistics to its makers."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from kenning_lego.core.openvino_import import import_openvino

LIBRARY = """
try:
    import openvino_telemetry
    sends = True
except ImportError:
    sends = False
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "nncf.py").write_text(LIBRARY)
    (tmp_path / "openvino_telemetry.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("nncf", "openvino_telemetry"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("nncf", "openvino_telemetry"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("library")
def test_library_does_not_find_the_sender() -> None:
    module = import_openvino("nncf")
    assert not module.sends
    assert import_openvino("nncf") is module
    # Nobody else is kept from it.
    assert "openvino_telemetry" not in sys.modules


@pytest.mark.usefixtures("library")
def test_sender_that_others_imported_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = types.ModuleType("openvino_telemetry")
    monkeypatch.setitem(sys.modules, "openvino_telemetry", theirs)
    assert not import_openvino("nncf").sends
    assert sys.modules["openvino_telemetry"] is theirs


def test_missing_library_is_the_usual_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_openvino("no_such_module")  # type: ignore[arg-type]
    assert "openvino_telemetry" not in sys.modules
