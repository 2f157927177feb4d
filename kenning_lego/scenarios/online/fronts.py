"""The front of a problem, kept in the workspace."""

from __future__ import annotations

from kenning_lego.core.errors import StoreError
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.front_file import dump_front, parse_front, problem_content
from kenning_lego.selection.problem import Budget, Problem
from kenning_lego.store.atomic import write_bytes
from kenning_lego.store.workspace import Workspace

_VERSION = 1
_UNBOUNDED = Budget()


def front_once(
    workspace: Workspace,
    problem: Problem,
    *,
    within: Budget = _UNBOUNDED,
    epsilon: float = 0.0,
    max_points: int | None = None,
) -> Front:
    """The front of a problem, or an earlier one of the same problem.

    A file that is damaged counts as none.

    Args:
        workspace: keeps it, as ``steps/front/<key>.npz``.
        problem: what to choose from.
        within: see :func:`kenning_lego.selection.front.pareto_front`.
        epsilon: likewise.
        max_points: likewise.

    Raises:
        UsageError: no choice is within the budget, or a setting is out of range.
        StoreError: it cannot be read or written.
    """
    inputs = {
        **problem_content(problem),
        "within": problem.caps(within),
        "epsilon": epsilon,
        "max_points": max_points,
    }
    path = workspace.step("front", _VERSION, inputs).path.with_suffix(".npz")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    try:
        return parse_front(problem, content)
    except StoreError:
        front = pareto_front(problem, within=within, epsilon=epsilon, max_points=max_points)
        write_bytes(path, dump_front(front))
        return front
