"""Every error says what was wrong and what to do about it."""

from __future__ import annotations

import pytest

from kenning_lego.core import errors
from kenning_lego.core.errors import (
    KenningLegoError,
    MissingDependencyError,
    RemoteError,
    UnknownNameError,
    UsageError,
)


def every_error(base: type[KenningLegoError]) -> list[type[KenningLegoError]]:
    return [base, *(found for each in base.__subclasses__() for found in every_error(each))]


def test_message_shows_the_problem_and_then_the_remedy() -> None:
    error = KenningLegoError("the disk is full", "free some space")
    assert str(error) == "the disk is full (free some space)"
    assert str(KenningLegoError("the disk is full")) == "the disk is full"


def test_unknown_name_suggests_a_near_one() -> None:
    error = UnknownNameError("dataset", "cifar_10", ["digits", "cifar10"])
    assert str(error) == "unknown dataset 'cifar_10' (did you mean 'cifar10'?)"


def test_unknown_name_unlike_any_lists_what_is_known_in_order() -> None:
    error = UnknownNameError("dataset", "zzz", ["digits", "cifar10"], "see --help")
    assert str(error) == "unknown dataset 'zzz' (known: cifar10, digits; see --help)"


def test_unknown_name_where_nothing_is_registered_says_so() -> None:
    assert "known: none" in str(UnknownNameError("plugin", "mine", []))


def test_missing_package_names_the_extra_that_brings_it() -> None:
    error = MissingDependencyError("onnxruntime", "onnxruntime", "the engine")
    assert error.remedy == "pip install 'kenning-lego[onnxruntime]'"
    assert "'onnxruntime'" in error.problem


def test_error_of_the_target_keeps_its_code() -> None:
    error = RemoteError("busy", "somebody measures", "wait")
    assert (error.code, str(error)) == ("busy", "somebody measures (wait)")


@pytest.mark.parametrize("kind", every_error(KenningLegoError), ids=lambda kind: kind.__name__)
def test_what_is_rejected_before_anything_ran_exits_with_2_and_all_else_with_1(
    kind: type[KenningLegoError],
) -> None:
    assert kind.exit_code == (2 if issubclass(kind, UsageError) else 1)


def test_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    kinds = every_error(KenningLegoError)
    ours = [kind.__name__ for kind in kinds if kind.__module__ == errors.__name__]
    assert ours
    assert [name for name in ours if f"{name} " not in f"{drawn} ".replace("\n", " \n")] == []
