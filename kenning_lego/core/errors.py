"""The exception tree; every message says what was wrong, where, and what to do.

::

    KenningLegoError
    ├── UsageError                rejected before anything ran (exit code 2)
    │   ├── ConfigurationError        a flag, a YAML key, a file that was named
    │   ├── UnknownNameError          a name that nothing is registered under
    │   ├── MissingDependencyError    a package that an extra would bring
    │   ├── WorkspaceError            a workspace or record of another layout
    │   │   └── NewerRecordError          a record of a newer version
    │   ├── AddressError              an address that cannot be bound
    │   ├── TargetUnreachableError    nothing (of ours) answers at the address
    │   ├── BoardUnreachableError     no shell on a board (in deployment.errors)
    │   └── BoardUnfitError           a board lacks what is needed (in deployment.errors)
    ├── ModelError                a network that cannot be cut, trained or run
    │   └── UntraceableError          its operations cannot be recorded (in blocks.tracing)
    ├── CompilationError          an artifact that cannot be made, or is not what torch computes
    ├── SolverError               the optimiser failed (in selection.programs)
    ├── BundleError               wheels that cannot be gathered (in deployment.errors)
    ├── DeploymentError           a step on a board failed (in deployment.errors)
    ├── StoreError                an artifact that is missing, damaged, or cannot be written
    ├── ProtocolError             a message that is not what the protocol says
    ├── TransitionError           no way to a configuration (in servers.live.steps)
    ├── SupersededError           a newer request came (in servers.live.goals)
    └── TargetError               the target, while we worked with it
        ├── TargetLostError           it went away
        ├── TargetTimeoutError        it answers no more, though connected
        └── RemoteError               it answered with ERROR
"""

from __future__ import annotations

from collections.abc import Iterable


class KenningLegoError(Exception):
    """Base of all errors that a user can act upon.

    Args:
        problem: what was wrong, and where.
        remedy: what to do about it; shown after the problem.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} ({self.remedy})" if self.remedy else self.problem


class UsageError(KenningLegoError):
    """Rejected before anything ran."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A flag, a YAML key or a file that was named is wrong."""


class UnknownNameError(UsageError):
    """Nothing is registered under this name.

    Args:
        what: the kind of thing, such as "dataset".
        name: the name that was asked for.
        known: the names that would have been found.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], remedy: str = "") -> None:
        import difflib  # where it is needed: a server that starts has no need of it

        choices = sorted(known)
        near = difflib.get_close_matches(name, choices, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(choices) or 'none'}"
        super().__init__(f"unknown {what} {name!r}", f"{hint}; {remedy}" if remedy else hint)


class MissingDependencyError(UsageError):
    """A package is missing that one of our extras brings."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed",
            f"pip install 'kenning-lego[{extra}]'",
        )


class WorkspaceError(UsageError):
    """A workspace or record is of another layout, or not one of ours."""


class NewerRecordError(WorkspaceError):
    """A record is of a newer version than can be read here."""


class AddressError(UsageError):
    """An address cannot be bound or is not understood."""


class TargetUnreachableError(UsageError):
    """Nothing of ours answers at the address."""


class ModelError(KenningLegoError):
    """A network that cannot be cut, trained or run."""


class CompilationError(KenningLegoError):
    """An artifact cannot be made, or does not compute what the module computes."""


class StoreError(KenningLegoError):
    """An artifact is missing or damaged, or cannot be written."""


class ProtocolError(KenningLegoError):
    """A message is not what the protocol says.

    Args:
        code: sent to the other side, such as ``unknown_kind``; empty for the usual one.
    """

    def __init__(self, problem: str, remedy: str = "", code: str = "") -> None:
        super().__init__(problem, remedy)
        self.code = code


class TargetError(KenningLegoError):
    """The target failed while we worked with it."""


class TargetLostError(TargetError):
    """The target went away."""


class TargetTimeoutError(TargetError):
    """The target is connected and does not answer."""


class RemoteError(TargetError):
    """The target answered with ERROR.

    Args:
        code: one of the protocol's error codes, such as ``bad_model``.
    """

    def __init__(self, code: str, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.code = code
