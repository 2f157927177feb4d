"""The solvers: PuLP's CBC, and HiGHS where highspy is installed."""

from __future__ import annotations

from typing import Any, Literal, get_args

from kenning_lego.core.errors import (
    KenningLegoError,
    MissingDependencyError,
    UnknownNameError,
    UsageError,
)

Solver = Literal["cbc", "highs"]

_CBC_MODES = (("preprocess off", "cuts off"), ())
"""Without cuts, CBC needs half the time for programs of this kind, 8 blocks or 50."""


class SolverError(KenningLegoError):
    """The solver failed, or contradicts exact arithmetic."""


def import_pulp() -> Any:
    """PuLP, imported when it is used.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import pulp
    except ImportError as error:
        raise MissingDependencyError("pulp", "host", "choosing by an integer program") from error
    return pulp


def make_engines(pulp: Any, solver: Solver, folder: str, gap: float = 0.0) -> list[Any]:
    """Silent solvers that look for the optimum, in the order in which to ask them.

    Args:
        pulp: the module.
        solver: which one.
        folder: for the files of CBC, which go away with it, also when it fails.
        gap: how far from the optimum they may stop, in the scaled objective.

    Raises:
        UsageError: the solver is unknown or not installed.
    """
    if solver == "cbc":
        engines = [
            pulp.COIN_CMD(
                path=pulp.PULP_CBC_CMD.pulp_cbc_path,
                msg=False,
                gapAbs=gap,
                gapRel=0,
                options=["increment 1e-9", *mode],
            )
            for mode in _CBC_MODES
        ]
        for engine in engines:
            engine.tmpDir = folder
        remedy = "pip install --force-reinstall pulp"
    elif solver == "highs":
        engines = [pulp.HiGHS(msg=False, gapAbs=gap, gapRel=0, mip_feasibility_tolerance=1e-9)]
        remedy = "pip install highspy"
    else:
        raise UnknownNameError("solver", solver, get_args(Solver))
    if not engines[0].available():
        raise UsageError(f"the solver {solver!r} is not installed", remedy)
    return engines
