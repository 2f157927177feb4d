"""Addresses of targets, and which of them only this machine can reach."""

from __future__ import annotations

import pytest

from kenning_lego.core.errors import AddressError
from kenning_lego.protocols.addresses import is_ipv6, is_loopback, normalise, parse


@pytest.mark.parametrize(
    ("address", "full"),
    [
        ("tcp://127.0.0.1:5570", "tcp://127.0.0.1:5570"),
        ("pi5.local", "tcp://pi5.local:5570"),
        ("pi5.local:80", "tcp://pi5.local:80"),
        ("tcp://[::1]:0", "tcp://[::1]:0"),
        ("[fe80::1]", "tcp://[fe80::1]:5570"),
    ],
)
def test_address_is_completed(address: str, full: str) -> None:
    assert normalise(address) == full


@pytest.mark.parametrize(
    "address",
    [
        *("", "tcp://", "tcp://:5570", "tcp://host:", "tcp://host:65536", "tcp://host:123456"),
        *("udp://host:1", "ipc:///tmp/socket", "tcp://*:5570", "tcp://host:1/path", "host:-1"),
        *("::1", "tcp://a b:1", "tcp://host:1\n", "tcp://eth0;host:1", "inproc://x"),
    ],
)
def test_what_is_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(AddressError, match=r"is not an address \(write tcp://HOST:PORT"):
        parse(address)


@pytest.mark.parametrize(
    ("host", "only_here"),
    [
        *(("127.0.0.1", True), ("127.8.9.10", True), ("localhost", True), ("[::1]", True)),
        *(("0.0.0.0", False), ("[::]", False), ("192.168.1.2", False), ("eth0", False)),
        *(("lo", False), ("localhost.example.org", False), ("127.0.0.1.example.org", False)),
        *(("0", False), ("128.0.0.1", False)),
    ],
)
def test_loopback_is_told_from_what_others_can_reach(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here


def test_ipv6_is_told_by_its_brackets() -> None:
    assert is_ipv6("tcp://[::1]:1")
    assert not is_ipv6("tcp://127.0.0.1:1")
