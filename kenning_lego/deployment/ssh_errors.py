"""What the ssh program says when it fails, as a problem with a remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kenning_lego.deployment.errors import BoardUnreachableError


@dataclass(frozen=True, slots=True)
class _Finding:
    pattern: str
    problem: str
    remedy: str


# The first that matches counts: a changed host key also says that verification failed.
_FINDINGS = (
    _Finding(
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "{board} shows another host key than it did before",
        "if it was installed anew, compare its fingerprint and remove the old key with "
        "ssh-keygen -R; else somebody may stand in between",
    ),
    _Finding(
        "Host key verification failed|No .* host key is known",
        "the host key of {board} is not known here",
        "connect once with ssh, compare the fingerprint, and accept it",
    ),
    _Finding(
        "Too many authentication failures",
        "{board} refused after too many keys",
        "name the right one with --identity, and --ssh-option IdentitiesOnly=yes",
    ),
    _Finding(
        r"Permission denied \(|Permission denied, please try again|No supported authentication",
        "{board} does not let this user in",
        "check the user's name, and that ssh-copy-id has put your key there",
    ),
    _Finding(
        "Could not resolve hostname|Name or service not known",
        "the name of {board} is not known",
        "check it; on the same network NAME.local may work",
    ),
    _Finding(
        "Connection refused",
        "nothing listens for ssh at {board}",
        "start its ssh server, or name its --port",
    ),
    _Finding(
        "timed out|No route to host|Network is unreachable|Host is down",
        "{board} cannot be reached over the network",
        "check that it is on and connected",
    ),
    _Finding(
        "Identity file .* not accessible|Load key .*: (invalid|error|Permission)",
        "a key for {board} cannot be read",
        "check --identity",
    ),
    _Finding(
        "[Bb]ad configuration option|command-line: line|unsupported option|Bad .* argument",
        "ssh does not take an option",
        "check --ssh-option and ~/.ssh/config",
    ),
)


def explain(board: str, errors: str) -> BoardUnreachableError:
    """Why no connection came about.

    Args:
        board: as the user named it.
        errors: what ssh wrote to standard error, in English.
    """
    said = [line.strip() for line in errors.splitlines() if line.strip()]
    last = said[-1] if said else "ssh ended without a word"
    for finding in _FINDINGS:
        if re.search(finding.pattern, errors):
            return BoardUnreachableError(
                f"{finding.problem.format(board=board)}: {last}", finding.remedy
            )
    return BoardUnreachableError(f"no connection to {board}: {last}", f"try: ssh {board}")
