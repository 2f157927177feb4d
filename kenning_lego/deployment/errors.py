"""What can go wrong while a board is set up."""

from __future__ import annotations

from kenning_lego.core.errors import KenningLegoError, UsageError


class BoardUnreachableError(UsageError):
    """No shell on the board is to be had: network, host key or authentication."""


class BoardUnfitError(UsageError):
    """The board lacks what is needed; nothing was changed on it."""


class BundleError(KenningLegoError):
    """A bundle of wheels cannot be made, or is not what its manifest says."""


class DeploymentError(KenningLegoError):
    """A step on the board failed; the version that ran before still runs."""
