"""A kernel that tests can turn against the sensors."""

from __future__ import annotations

import pytest

from tests.servers.trees import Kernel, install


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    install(made, monkeypatch)
    return made
