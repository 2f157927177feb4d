"""Checks that need no engine: the server, its lease, its store, its keys, its end."""

from __future__ import annotations

import socket

from kenning_lego import __version__
from kenning_lego.core.errors import RemoteError, TargetUnreachableError
from kenning_lego.operations.selftest.bench import STORE_MB, Bench, require
from kenning_lego.operations.selftest.half_upload import upload_until
from kenning_lego.operations.selftest.server_process import running_server
from kenning_lego.protocols.addresses import parse
from kenning_lego.protocols.authorised import AuthorisedHost, authorise
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.keys import make_key
from kenning_lego.protocols.messages import CHUNK_BYTES, PROTOCOL_VERSION, UPLOAD_CREDITS

_MEMORY_MB = 100
"""About 30 on most machines; more where memory comes in larger pages or under an emulator."""
_NONSENSE = b"GET / HTTP/1.1\r\nHost: board\r\n\r\n"
_PATIENCE_S = 20.0


def starts(bench: Bench) -> str:
    """It listens, and is no burden."""
    memory = bench.server.memory_bytes / 1e6
    require(memory < _MEMORY_MB, f"it holds {memory:.0f} MB of memory before it does anything")
    return f"after {bench.server.start_s:.2f} s, with {memory:.0f} MB"


def greets(bench: Bench) -> str:
    """It says who it is, and that nobody measures."""
    with bench.connect() as target:
        welcome = target.greet()
        observed = target.observe()
    require(welcome.software == __version__, f"it runs kenning-lego {welcome.software}")
    require(welcome.protocol == PROTOCOL_VERSION, f"it speaks protocol {welcome.protocol}")
    require(observed.holder == "", "somebody holds the lease of a server just started")
    return f"protocol {welcome.protocol}; {', '.join(welcome.capabilities)}"


def survives_nonsense(bench: Bench) -> str:
    """What is no message of ours does not touch it."""
    host, port = parse(bench.server.address)
    with socket.create_connection((host, port), timeout=_PATIENCE_S) as stranger:
        stranger.sendall(_NONSENSE)
    with bench.connect() as target:
        target.greet()
        try:
            target.compose(["0" * 64], runtime="onnxruntime")
        except RemoteError as error:
            return f"a web browser is ignored, an unknown artifact is refused ({error.code})"
    require(False, "it composed an artifact that it does not have")
    return ""


def leases(bench: Bench) -> str:
    """One host at a time; the next is told by whom, and has its turn afterwards."""
    with bench.connect() as first, bench.connect() as second:
        first.lease()
        try:
            second.lease()
        except RemoteError as error:
            require(error.code == "busy", f"the second host is refused with {error.code}: {error}")
        else:
            require(False, "two hosts hold the lease at once")
        require(second.observe().holder != "", "it does not tell who holds the lease")
        first.close()
        bench.eventually(lambda: second.observe().holder == "", "the lease is free again")
        second.lease()
    return "the second host is told, and served once the first has left"


def uploads(bench: Bench) -> str:
    """An artifact arrives whole, and only once."""
    path, digest = bench.noise(1_000_000)
    with bench.connect() as target:
        require(target.upload(path, digest), "it held an artifact that did not exist before")
        require(not target.upload(path, digest), "it wanted the same artifact twice")
    kept = (bench.server.store / digest).read_bytes()
    require(kept == path.read_bytes(), "what it keeps is not what was sent")
    path.unlink()
    return "1 MB arrived whole; the second time it was known"


def resumes(bench: Bench) -> str:
    """An upload that broke off goes on where it was."""
    window = UPLOAD_CREDITS * CHUNK_BYTES
    path, digest = bench.noise(window + window // 2 + 12_345)
    require(upload_until(bench.server.address, path, digest, 1) == 0, "it wanted not all of it")
    bench.await_free()
    offset = upload_until(bench.server.address, path, digest, None)
    require(offset > 0, "it wanted all of it again")
    bench.await_free()
    kept = (bench.server.store / digest).read_bytes()
    require(kept == path.read_bytes(), "what it keeps is not what was sent")
    path.unlink()
    return f"broken off and continued at {offset / 1e6:.1f} MB"


def refuses_damaged(bench: Bench) -> str:
    """Bytes that are not what was announced are not kept."""
    path, _ = bench.noise(300_000)
    wrong = "0123456789abcdef" * 4
    with bench.connect() as target:
        try:
            target.upload(path, wrong)
        except RemoteError as error:
            require(error.code == "store", f"refused with {error.code}: {error}")
        else:
            require(False, "it took bytes for what they are not")
    require(not (bench.server.store / wrong).exists(), "it kept them")
    path.unlink()
    return "an artifact with another sha256 is refused"


def store_is_bounded(bench: Bench) -> str:
    """The store refuses what cannot fit, and forgets what was not used for longest."""
    huge = bench.directory / "huge"
    with huge.open("wb") as file:
        file.truncate((STORE_MB + 4) * 1_000_000)
    with bench.connect() as target:
        try:
            target.upload(huge, "f" * 64)
        except RemoteError as error:
            require("no room" in error.problem, f"refused for another reason: {error.problem}")
        else:
            require(False, f"a store of {STORE_MB} MB took {STORE_MB + 4} MB")
    huge.unlink()
    for _ in range(3):
        path, digest = bench.noise(STORE_MB * 1_000_000 // 2 - 100_000)
        with bench.connect() as target:  # what one host uses stays for as long as it is there
            require(target.upload(path, digest), "it held random bytes already")
        bench.await_free()
        path.unlink()
    held = sum(each.stat().st_size for each in bench.server.store.iterdir() if each.is_file())
    require(held <= STORE_MB * 1_000_000, f"it holds {held / 1e6:.1f} MB")
    require((bench.server.store / digest).is_file(), "it forgot the newest")
    return f"{STORE_MB + 4} MB are refused; it holds {held / 1e6:.1f} of {STORE_MB} MB"


def encrypts(bench: Bench) -> str:
    """With a key it admits those whom it knows, and nobody else."""
    keys = {name: bench.directory / f"keys-{name}" for name in ("board", "known", "stranger")}
    board = make_key("selftest-board", keys["board"]).shareable
    known = make_key("selftest-known", keys["known"])
    stranger = make_key("selftest-stranger", keys["stranger"])
    authorise(keys["board"], AuthorisedHost(known.shareable))
    flags = ("--key", "selftest-board", "--keys", str(keys["board"]))
    with running_server(bench.directory, "encrypted", *flags) as server:
        with connect(server.address, key=known, server_key=board, timeout_s=_PATIENCE_S) as target:
            target.lease()
            if bench.engine:
                bench.compose(target)
                (output,), _ = target.infer([bench.example.input])
                require(bench.example.is_right(output), "the answer is wrong through encryption")
        for who, pair in (("a stranger", stranger), ("one without a key", None)):
            try:
                own = (pair, board) if pair else (None, None)
                connect(server.address, key=own[0], server_key=own[1], timeout_s=2.0).close()
            except TargetUnreachableError:
                continue
            require(False, f"{who} was admitted")
        require(server.stop() == 0, "it does not end cleanly")
    return "a known host is served; a stranger and one without a key are not"


def stops(bench: Bench) -> str:
    """It ends when told to, and leaves nothing behind."""
    bench.await_free()
    left = bench.server.workers()
    require(not left, f"{len(left)} workers without anybody who measures")
    with bench.connect() as target:
        target.lease()  # so that there is something to end
        code = bench.server.stop()
    require(code == 0, f"it ended with code {code}")
    host, port = parse(bench.server.address)
    with socket.socket() as probe:
        require(probe.connect_ex((host, port)) != 0, "its port still answers")
    log = bench.server.log.read_text(errors="replace")
    require("Traceback" not in log, "its log has a traceback")
    return "exit code 0; no process, no port, no traceback is left"
