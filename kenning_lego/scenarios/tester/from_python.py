"""The tester scenario from Python, with the words of its YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kenning_lego.core.configuration import explain
from kenning_lego.core.flags import load_yaml
from kenning_lego.scenarios.online.tested import TestedNetwork, open_tested
from kenning_lego.scenarios.progress import make_console
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig
from kenning_lego.scenarios.tester.run import run_test


def test(
    scenario: Path | str | None = None,  # noqa: PT028 - no test of pytest's
    **settings: Any,
) -> TestedNetwork:
    """Cut a network, make variants, compile, ship, benchmark on a target, choose and verify.

    It does what ``kenning-lego test`` does, and finds what that left in the workspace.

    Args:
        scenario: a YAML file; None if the settings say everything.
        settings: as in such a file, mappings for what is nested; they override the file's.

    Returns:
        The tested network, to select from, to run and to deploy.

    Raises:
        ConfigurationError: a setting is unknown, missing or has a wrong value.
        KenningLegoError: see the exception tree; what was finished stays in the workspace.
    """
    path = None if scenario is None else Path(scenario)
    content = load_yaml(path) if path else {}
    try:
        config = InferenceTestConfig.model_validate(_merged(content, settings))
    except ValidationError as error:
        raise explain(error, str(path or "kenning_lego.test")) from error
    result = run_test(config, make_console(), ("kenning_lego.test", *([str(path)] if path else [])))
    return open_tested(config.workspace, result.record_path.parent.name)


test.__test__ = False  # type: ignore[attr-defined]  # no test of pytest's


def _merged(content: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The file's settings with the others over them."""
    merged = dict(content)
    for name, value in settings.items():
        before = merged.get(name)
        if not (isinstance(before, Mapping) and isinstance(value, Mapping)):
            merged[name] = value
        elif value.get("type", before.get("type")) != before.get("type"):
            merged[name] = value  # another alternative: the file's parameters are not its own
        else:
            merged[name] = _merged(before, value)
    return merged
