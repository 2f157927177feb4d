from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kenning_lego.core.errors import StoreError
from kenning_lego.training.checkpoints import Checkpoints

SHARED = torch.arange(4.0)
PARTS = [{"a": torch.ones(2, 3).t(), "step": torch.tensor(7.0)}, {"b": SHARED, "c": SHARED}]


def loaded(checkpoints: Checkpoints) -> tuple[object, list[dict[str, Tensor]]]:
    found = checkpoints.load()
    assert found is not None
    return found.state, list(found.parts)


def test_what_is_saved_is_loaded_by_another_process(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "c", 0).save({"epoch": 3}, PARTS)
    state, parts = loaded(Checkpoints(tmp_path / "c", 0))
    assert state == {"epoch": 3}
    for saved, read in zip(PARTS, parts, strict=True):
        assert saved.keys() == read.keys()
        assert all(torch.equal(saved[name], read[name]) for name in saved)


def test_only_the_newest_is_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c", 0)
    checkpoints.save({"epoch": 1}, PARTS)
    checkpoints.save({"epoch": 2}, PARTS[:1])
    again = Checkpoints(tmp_path / "c", 0)
    assert again.load() is not None
    again.save({"epoch": 3}, PARTS[:1])
    state, parts = loaded(again)
    assert state == {"epoch": 3}
    assert len(parts) == 1
    assert len(list((tmp_path / "c").iterdir())) == 2


def test_one_that_was_not_finished_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c", 0)
    checkpoints.save({"epoch": 1}, PARTS)

    def killed() -> Iterator[dict[str, Tensor]]:
        yield {"a": torch.zeros(1)}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checkpoints.save({"epoch": 2}, killed())
    state, parts = loaded(Checkpoints(tmp_path / "c", 0))
    assert state == {"epoch": 1}
    assert torch.equal(parts[0]["a"], PARTS[0]["a"])


@pytest.mark.parametrize("damaged", ["state.json", "1-1.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 20])
def test_what_is_damaged_counts_as_none(tmp_path: Path, damaged: str, content: bytes) -> None:
    Checkpoints(tmp_path / "c", 0).save({"epoch": 1}, PARTS)
    (tmp_path / "c" / damaged).write_bytes(content)
    assert Checkpoints(tmp_path / "c", 0).load() is None


def test_there_is_none_at_first_and_none_once_it_is_discarded(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c", 0)
    assert checkpoints.load() is None
    checkpoints.discard()
    checkpoints.save({}, PARTS)
    checkpoints.discard()
    assert checkpoints.load() is None
    assert not (tmp_path / "c").exists()


def test_one_is_due_when_the_last_is_old_enough(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "c", 0).due
    assert not Checkpoints(tmp_path / "c", 1e9).due


def test_a_disk_that_refuses_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        Checkpoints(tmp_path / "file", 0).save({}, PARTS)
