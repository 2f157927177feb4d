"""Chromium without a window and without a network: opens pages from disk and looks at them."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from benchmarks.devtools import DevTools, DevToolsError, Event

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    # No name is resolved, and no address is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--remote-debugging-pipe",
)
_END_LIMIT_S = 10.0
_DOMAINS = ("Page", "Runtime", "Log", "Network", "DOM")

Colours = Literal["light", "dark"]


def executable() -> str | None:
    """Where Chromium is; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(frozen=True, slots=True)
class Told:
    """What a page told while it was looked at.

    Args:
        errors: of its script, on its console, and of its security policy.
        requests: addresses that it asked for.
    """

    errors: tuple[str, ...]
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """One page."""

    devtools: DevTools
    session: str
    target: str

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command to this page."""
        return self.devtools.call(method, self.session, **parameters)

    def resize(self, width: int, height: int) -> None:
        """Give the window a size in px."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, colours: Colours, media: str = "") -> None:
        """Say which colours the reader prefers, on which medium; motion is unwanted."""
        features = [
            {"name": "prefers-color-scheme", "value": colours},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def scripting(self, *, on: bool) -> None:
        """Whether pages that are opened from now on may run scripts of their own."""
        self.call("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, path: Path) -> None:
        """Open a page from disk and wait until it is there."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.devtools.wait("Page.loadEventFired", self.session)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; of what it promises, if it promises.

        Raises:
            DevToolsError: it throws.
        """
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise DevToolsError(_thrown(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        code = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39, "Tab": 9}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def point_at(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path: Path) -> None:
        """Write the whole page as a PNG, however long it is."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        image = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        _write(path, image["data"])

    def print(self, path: Path) -> None:
        """Write the page as a PDF, in the size that it asks for."""
        sheet = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        _write(path, sheet["data"])

    def told(self) -> Told:
        """What it told since it was last asked."""
        events = self.devtools.take(self.session)
        errors = tuple(text for event in events if (text := _complaint(event)))
        requests = tuple(
            event.parameters["request"]["url"]
            for event in events
            if event.method == "Network.requestWillBeSent"
        )
        return Told(errors, requests)

    def close(self) -> None:
        """Close the page."""
        self.devtools.call("Target.closeTarget", targetId=self.target)


@dataclass(frozen=True, slots=True)
class Browser:
    """A running Chromium."""

    devtools: DevTools
    downloads: Path

    def tab(self, width: int = 1280, height: int = 800) -> Tab:
        """A new empty page."""
        target = self.devtools.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.devtools.call("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(self.devtools, attached["sessionId"], target)
        for domain in _DOMAINS:
            tab.call(f"{domain}.enable")
        tab.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )
        tab.resize(width, height)
        tab.prefer("light")
        return tab


@contextmanager
def chromium(flags: Sequence[str] = ()) -> Iterator[Browser]:
    """A Chromium with a profile of its own, which ends with the context.

    Raises:
        FileNotFoundError: it is not installed.
        DevToolsError: it does not answer.
    """
    path = executable()
    if path is None:
        raise FileNotFoundError("there is no chromium; on Debian: apt install chromium")
    with tempfile.TemporaryDirectory(
        prefix="kenning-lego-chromium-", ignore_cleanup_errors=True
    ) as directory:
        profile, downloads = Path(directory, "profile"), Path(directory, "downloads")
        downloads.mkdir()
        pid, devtools = _start([path, *_FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"])
        try:
            devtools.call(
                "Browser.setDownloadBehavior",
                behavior="allow",
                downloadPath=str(downloads),
                eventsEnabled=True,
            )
            yield Browser(devtools, downloads)
        finally:
            _end(pid, devtools)


def _start(command: list[str]) -> tuple[int, DevTools]:
    """Start a process with pipes as its descriptors 3 and 4; its id and our ends of them."""
    theirs_reading, ours_writing = os.pipe()
    ours_reading, theirs_writing = os.pipe()
    # Away from 3 and 4, onto which they are put in the child.
    moved = [_moved(each) for each in (theirs_reading, theirs_writing)]
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, moved[0], 3),
        (os.POSIX_SPAWN_DUP2, moved[1], 4),
    ]
    try:
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setpgroup=0)
    except OSError:
        os.close(ours_writing)
        os.close(ours_reading)
        raise
    finally:
        for each in moved:
            os.close(each)
    return pid, DevTools(ours_writing, ours_reading)


def _moved(descriptor: int) -> int:
    found = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return found


def _end(pid: int, devtools: DevTools) -> None:
    """Ask it to end, and end it with all its processes if it does not."""
    process = psutil.Process(pid)
    with suppress(DevToolsError):
        devtools.call("Browser.close")
    try:
        process.wait(_END_LIMIT_S)
    except psutil.TimeoutExpired:
        os.killpg(pid, signal.SIGKILL)
        process.wait(_END_LIMIT_S)
    # Processes of the group that outlived it would keep writing into the profile.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    devtools.close()


def _complaint(event: Event) -> str | None:
    """What an event complains of; None for others."""
    told = event.parameters
    if event.method == "Runtime.exceptionThrown":
        return _thrown(told["exceptionDetails"])
    if event.method == "Runtime.consoleAPICalled" and told["type"] in {"error", "assert"}:
        return " ".join(str(each.get("value", each.get("description"))) for each in told["args"])
    if event.method == "Log.entryAdded" and told["entry"]["level"] == "error":
        return str(told["entry"]["text"])
    return None


def _thrown(details: dict[str, Any]) -> str:
    exception = details.get("exception", {})
    return str(exception.get("description") or details.get("text"))


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(content))
