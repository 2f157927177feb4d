from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.metrics.classification import TopK
from kenning_lego.metrics.lookup import GROUP, METRICS, make_metric


def not_a_metric() -> int:
    return 1


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_found_under_the_name_that_it_gives_itself(name: str) -> None:
    assert make_metric(name).name == name


def test_arguments_go_to_the_metric() -> None:
    assert make_metric("top1", k=3) == TopK(3)
    assert make_metric("kenning_lego.metrics.classification:TopK", k=2) == TopK(2)


def test_metrics_that_other_packages_announce_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("ours", "kenning_lego.metrics.classification:TopK", GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: EntryPoints([entry]))
    assert make_metric("ours") == TopK(1)


def test_unknown_names_and_wrong_arguments_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'miou'"):
        make_metric("miuo")
    with pytest.raises(ConfigurationError, match="does not take the arguments"):
        make_metric("miou", k=3)
    with pytest.raises(ConfigurationError, match="returned int, not a"):
        make_metric(f"{__name__}:not_a_metric")
