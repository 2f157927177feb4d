from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.output import Mode, opened
from kenning_lego.datasets.download import Download, fetch

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Site(ThreadingHTTPServer):
    """Serves CONTENT, as badly as is asked for, and keeps what was asked.

    Attributes:
        breaks_after: bytes until the connection breaks, for each request in turn; then whole.
        ranges: whether parts are served.
        asked: the Range header of each request.
    """

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks_after: list[int] = []
        self.ranges = True
        self.asked: list[str | None] = []

    @property
    def download(self) -> Download:
        return Download(f"http://127.0.0.1:{self.server_port}/images.gz", MD5)


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site, asked = self.server, self.headers.get("Range")
        site.asked.append(asked)
        if not self.path.endswith("images.gz"):
            return self.send_error(404)
        start = 0
        if asked and site.ranges:
            start = int(re.findall(r"\d+", asked)[0])
            if start >= len(CONTENT):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        rest = CONTENT[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: site.breaks_after.pop(0)] if site.breaks_after else rest)
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def leave_partial(directory: Path, content: bytes) -> Path:
    directory.mkdir()
    path = directory / ".images.gz.partial"
    path.write_bytes(content)
    return path


def test_a_published_file_arrives_complete(site: Site, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    fetched = fetch(
        site.download, tmp_path / "new" / "data", lambda done, total: told.append((done, total))
    )
    assert fetched == tmp_path / "new" / "data" / "images.gz"
    assert fetched.read_bytes() == CONTENT
    assert list(fetched.parent.iterdir()) == [fetched]
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_bar_is_shown_on_standard_error(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch(site.download, tmp_path)
    out, shown = capfd.readouterr()
    assert "fetch images.gz" in shown
    assert "1.0 MB" in shown
    assert out == ""


def test_in_a_step_of_a_verb_the_step_shows_it(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[int, int, str]] = []
    with opened(Mode()) as output, output.progress_to(lambda *said: told.append(said)):
        fetch(site.download, tmp_path)
    assert told[-1] == (len(CONTENT), len(CONTENT), "fetch images.gz, 1.0 MB")
    assert capfd.readouterr() == ("", "")


def test_a_quiet_verb_shows_no_bar(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with opened(Mode(quiet=True)):
        fetch(site.download, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_download_goes_on_where_an_earlier_one_ended(site: Site, tmp_path: Path) -> None:
    leave_partial(tmp_path / "data", CONTENT[:5000])
    fetched = fetch(site.download, tmp_path / "data")
    assert fetched.read_bytes() == CONTENT
    assert site.asked == ["bytes=5000-"]
    assert list(fetched.parent.iterdir()) == [fetched]


def test_a_connection_that_breaks_is_taken_up_again(site: Site, tmp_path: Path) -> None:
    site.breaks_after = [1000, 2000, 3000]
    assert fetch(site.download, tmp_path).read_bytes() == CONTENT
    assert site.asked == [None, "bytes=1000-", "bytes=3000-", "bytes=6000-"]


def test_what_arrived_is_kept_for_another_attempt(site: Site, tmp_path: Path) -> None:
    site.breaks_after = [1000, 0]
    with pytest.raises(ConfigurationError, match=r"run it again to go on after 0\.0 MB"):
        fetch(site.download, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [".images.gz.partial"]
    assert fetch(site.download, tmp_path).read_bytes() == CONTENT
    assert site.asked[-1] == "bytes=1000-"


def test_a_site_that_knows_no_parts_sends_all_again(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    leave_partial(tmp_path / "data", b"x" * 5000)
    assert fetch(site.download, tmp_path / "data").read_bytes() == CONTENT


def test_a_part_that_is_already_whole_is_taken(site: Site, tmp_path: Path) -> None:
    leave_partial(tmp_path / "data", CONTENT)
    assert fetch(site.download, tmp_path / "data").read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", [b"x" * 5000, b"x" * (len(CONTENT) + 5)])
def test_a_part_of_something_else_is_not_kept(wrong: bytes, site: Site, tmp_path: Path) -> None:
    leave_partial(tmp_path / "data", wrong)
    with pytest.raises(ConfigurationError, match=r"has MD5 .*, published is"):
        fetch(site.download, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []
    assert fetch(site.download, tmp_path / "data").read_bytes() == CONTENT


def test_a_file_that_is_not_what_was_published_is_not_kept(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has MD5 .*, published is 0000"):
        fetch(Download(site.download.url, "0" * 32), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_fetched_is_an_error_with_a_remedy(site: Site, tmp_path: Path) -> None:
    missing = Download(site.download.url.replace("images", "others").replace(".gz", ".xz"), MD5)
    with pytest.raises(ConfigurationError, match=r"404.*check the network and the disk, or fetch"):
        fetch(missing, tmp_path)
    gone = Download((tmp_path / "gone.gz").as_uri(), MD5)
    with pytest.raises(ConfigurationError, match="check the network and the disk, or fetch it by"):
        fetch(gone, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_do_not_write_to_the_same_file(site: Site, tmp_path: Path) -> None:
    said: list[str] = []

    def meanwhile(done: int, total: int | None) -> None:
        with pytest.raises(ConfigurationError, match="another process fetches") as caught:
            fetch(site.download, tmp_path)
        said.append(str(caught.value))

    assert fetch(site.download, tmp_path, meanwhile).read_bytes() == CONTENT
    assert said
