"""Addresses of targets: ``tcp://HOST:PORT``."""

from __future__ import annotations

import ipaddress
import re

from kenning_lego.core.errors import AddressError

DEFAULT_PORT = 5570
DEFAULT_ADDRESS = f"tcp://127.0.0.1:{DEFAULT_PORT}"
_FORM = re.compile(
    r"(?:tcp://)?(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>\d{1,5}))?"
)


def parse(address: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Host and port of an address; without a port it is 5570, or what is given.

    Raises:
        AddressError: it is not of that form.
    """
    match = _FORM.fullmatch(address)
    port = int(match["port"] or default_port) if match else -1
    if match is None or not 0 <= port <= 65_535:
        raise AddressError(
            f"{address!r} is not an address", f"write tcp://HOST:PORT, such as {DEFAULT_ADDRESS}"
        )
    return match["host"], port


def normalise(address: str) -> str:
    """The address in full.

    Raises:
        AddressError: as in :func:`parse`.
    """
    host, port = parse(address)
    return f"tcp://{host}:{port}"


def is_ipv6(address: str) -> bool:
    """Whether the address names its host by IPv6; mixing the two would respell IPv4 ones."""
    return "[" in address


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
