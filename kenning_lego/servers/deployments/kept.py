"""Deployments on disk, so that they are started again with the server."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import KenningLegoError, StoreError
from kenning_lego.protocols.deployment_fields import pack_deployment, read_deployment
from kenning_lego.protocols.fields import Fields
from kenning_lego.store.atomic import write_json

FILE = "deployments.json"
VERSION = 1
MAX_KEPT = 64

log = logging.getLogger("kenning_lego.deployments")


def has_kept(directory: Path) -> bool:
    """Whether deployments were kept in a directory."""
    return (directory / FILE).exists()


def keep(directory: Path, deployments: Iterable[Deployment]) -> None:
    """Write all deployments, in one step; a disk that refuses is logged."""
    content = {"version": VERSION, "deployments": [pack_deployment(each) for each in deployments]}
    try:
        write_json(directory / FILE, content)
    except StoreError as error:
        log.error("the deployments cannot be kept: %s", error)  # noqa: TRY400 - no fault of ours


def read_kept(directory: Path) -> list[Deployment]:
    """Read what :func:`keep` wrote; none if there is nothing that can be read, which is logged."""
    path = directory / FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("%s cannot be read: %s", path, error.strerror)
        return []
    try:
        fields = Fields(json.loads(text), str(path))
        fields.integer("version", VERSION, VERSION)
        kept = [read_deployment(each) for each in fields.maps("deployments", MAX_KEPT)]
        fields.done()
    except (ValueError, RecursionError, KenningLegoError) as error:
        log.warning("no deployment is started from %s: %s", path, error)
        return []
    return kept
