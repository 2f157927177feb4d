"""Two files in one come apart as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ModelError
from kenning_lego.core.ir_file import MAGIC, pack_ir, unpack_ir


@given(st.binary(min_size=1), st.binary())
def test_parts_come_back(xml: bytes, weights: bytes) -> None:
    found = unpack_ir(pack_ir(xml, weights))
    assert tuple(map(bytes, found)) == (xml, weights)


@pytest.mark.parametrize(
    "content",
    [b"", b"<xml/>", MAGIC, MAGIC + b"\0" * 8, pack_ir(b"<xml/>", b"")[:-1], MAGIC + b"\xff" * 40],
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError):
        unpack_ir(content)
