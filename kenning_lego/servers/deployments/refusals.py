"""What cannot be done with deployments, and why."""

from __future__ import annotations

from collections.abc import Iterable

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import KenningLegoError, ProtocolError, StoreError, UsageError
from kenning_lego.protocols.messages import Error
from kenning_lego.servers.deployments.deployed import Deployed
from kenning_lego.store.artifacts import ArtifactStore


def refusal(error: KenningLegoError) -> Error:
    """The answer to a request that failed so."""
    if isinstance(error, StoreError):
        return Error("store", error.problem, error.remedy)
    code = error.code if isinstance(error, ProtocolError) else ""
    return Error(code or "bad_request", error.problem, error.remedy)


def unknown(name: str, known: Iterable[str]) -> ProtocolError:
    """No deployment has this name."""
    there = ", ".join(sorted(known)) or "none"
    return ProtocolError(f"there is no deployment {name!r}", f"deployed are: {there}", "unknown")


def check_held(store: ArtifactStore, digests: Iterable[str]) -> None:
    """Make sure that the store holds all of these artifacts, named by sha256.

    Raises:
        StoreError: it does not.
    """
    missing = [digest for digest in digests if not store.holds(digest)]
    if missing:
        raise StoreError(
            f"{len(missing)} artifacts are not here, such as {missing[0][:12]}",
            "upload them first",
        )


def check_energy(deployment: Deployment, bounds: Bounds) -> None:
    """Make sure that an energy that is bounded is known.

    Raises:
        UsageError: it is not.
    """
    if bounds.energy_mj is not None and not deployment.offer.knows_energy:
        raise UsageError(
            f"the energy of the variants of {deployment.name} is not known",
            "bound latency or memory, or deploy it with energies",
        )


def check_choice(deployed: Deployed, stages: tuple[str, ...], fused_from: tuple[str, ...]) -> None:
    """Make sure that a deployment can go over to these artifacts.

    Raises:
        ProtocolError: it does not run, they are no configuration of it, or it runs another one
            than was fused.
    """
    name = deployed.name
    if deployed.state != "running":
        raise ProtocolError(f"{name} is {deployed.state}", "deploy it again")
    if fused_from and (deployed.switching or deployed.stages != fused_from):
        raise ProtocolError(
            f"{name} does not run the configuration that was fused",
            "fuse the one that runs now, or leave it as it is",
            "changed",
        )
    if not fused_from and deployed.deployment.offer.choice(stages) is None:
        raise ProtocolError(
            f"these artifacts are no configuration of {name}",
            "name one variant of each segment, or say what was fused",
        )
