"""``serve`` through the real command line and real sockets: who is answered, what with, and how it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.lab import store
from tests.browser import chromium
from tests.fakes.runs import fake_result, fake_run
from tests.test_show.test_site import STRANGE, broken_run

HOME = Path(__file__).parents[2]
pytest.importorskip("jinja2")


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def ask(
        self, method: str = "GET", path: str = "/", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
            if value:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def end(self, number: int) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode


@contextmanager
def served(folder: Path, *arguments: object) -> Iterator[Running]:
    """Start the command in a folder, and end it."""
    command = [sys.executable, "-m", "harness", "serve", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("http://127.0.0.1:"), process.communicate()
    try:
        yield Running(process, int(line.rstrip("/\n").rpartition(":")[2]))
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a small site and an empty store."""
    (tmp_path / ".perflab" / "site").mkdir(parents=True)
    (tmp_path / ".perflab" / "site" / "index.html").write_text(
        "<!doctype html><title>start</title>"
    )
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "results").mkdir()
    return tmp_path


def test_only_our_own_names_are_answered(folder: Path) -> None:
    """Another Host is what a rebound name looks like; none, or two, are no better."""
    with served(folder, "--store", "results") as server:
        for host in (
            f"127.0.0.1:{server.port}",
            f"localhost:{server.port}",
            f"LOCALHOST:{server.port}",
        ):
            assert 200 == server.ask(Host=host)[0]
        for host in (
            "evil.example",
            f"evil.example:{server.port}",
            "127.0.0.1",
            f"127.0.0.1:{server.port + 1}",
            f"127.0.0.1:{server.port}.evil.example",
            "",
        ):
            assert 421 == server.ask(Host=host)[0], host


def test_it_listens_on_this_machine_only(folder: Path) -> None:
    """The kernel's list of listening sockets has it at 127.0.0.1 alone."""
    with served(folder) as server:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        listening = [
            line.split()[1]
            for line in lines
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{server.port:04X}")
        ]

        assert [f"0100007F:{server.port:04X}"] == listening


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "get"]
)
def test_it_only_reads(folder: Path, method: str) -> None:
    """Every other verb is refused by name."""
    with served(folder) as server:
        status, headers, _ = server.ask(method)

        assert (405, "GET, HEAD") == (status, headers["allow"])


def test_every_answer_carries_the_policy(folder: Path) -> None:
    """Errors, too; a HEAD has no body, a known tag gets none, and nothing says how old we are."""
    with served(folder) as server:
        status, headers, body = server.ask()
        known = server.ask(If_None_Match=headers["etag"])
        answers = [
            (status, headers),
            server.ask("HEAD")[:2],
            server.ask(path="/none")[:2],
            server.ask(Host="evil")[:2],
            server.ask("POST")[:2],
            known[:2],
        ]

        assert b"start" in body
        assert [200, 200, 404, 421, 405, 304] == [code for code, _ in answers]
        assert (b"", b"") == (server.ask("HEAD")[2], known[2])
        for _, found in answers:
            assert found["content-security-policy"].startswith("default-src 'none'")
            assert ("nosniff", "no-referrer", "same-origin", "perflab") == (
                found["x-content-type-options"], found["referrer-policy"], found["cross-origin-resource-policy"], found["server"],
            )  # fmt: skip


def test_raw_nonsense_is_refused_and_not_echoed(folder: Path) -> None:
    """Half a request, a huge one, too many headers, another protocol: an answer or a closed connection, and the next one is served."""
    with served(folder) as server:
        for sent in (
            b"GET /<script>alert(1)</script> HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % place for place in range(200)) + b"\r\n", b"\x16\x03\x01\x00\xa5", b"GET / HTTP/9.9\r\n\r\n",
            b"GET /../secret HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port,
        ):  # fmt: skip
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert b"<script>" not in answer
            assert b"secret" not in answer
            assert b"Traceback" not in answer

        assert 200 == server.ask()[0]


def test_many_silent_clients_do_not_take_it_away(folder: Path) -> None:
    """More connections than there are places: those beyond them are closed at once, and ending does not wait for the silent ones."""
    with served(folder) as server:
        silent = [
            socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(48)
        ]
        closed = sum(connection.recv(1) == b"" for connection in silent[40:])
        code = server.end(signal.SIGTERM)
        for connection in silent:
            connection.close()

        assert (8, 143) == (closed, code)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it(folder: Path, number: int, code: int) -> None:
    """As they end every command."""
    with served(folder) as server:
        assert code == server.end(number)


def test_a_port_in_use_is_said(folder: Path) -> None:
    """Exit 2, with the remedy."""
    with served(folder) as server:
        command = [sys.executable, "-m", "harness", "serve", "--port", str(server.port)]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HOME)},
        )

        assert 2 == ended.returncode
        assert f"port {server.port} of 127.0.0.1 cannot be had" in ended.stderr


def test_a_run_in_progress_is_live(folder: Path) -> None:
    """What it has so far, its broken variants with their word, hostile names as text; without a refresh in other pages; new blocks appear."""
    run = replace(broken_run(), complete=False, workload_names=("10", "100"))
    path = store.write(run, folder / "results")
    with served(folder, "--store", "results") as server:
        page = server.ask(path="/live.html")[2].decode()
        (measured,) = run.workloads
        more = replace(measured, results=(*measured.results, fake_result("third", 3_000)))
        store.write(replace(run, workloads=(more,)), folder / "results")
        later = server.ask(path="/live.html")[2].decode()

        assert '<meta http-equiv="refresh" content="2">' in page
        assert "1 of 2 sizes complete" in page
        assert "wrong-answer" in page
        assert "<script>" not in page
        assert STRANGE not in page
        assert ("third" in page, "third" in later) == (False, True)
        assert path.name.partition("-")[0] in page


def test_what_was_interrupted_or_damaged_is_told(folder: Path) -> None:
    """An old unfinished run with the command that goes on with it; a damaged file by its name."""
    path = store.write(replace(fake_run(), complete=False), folder / "results")
    os.utime(path, (1, 1))
    (folder / "results" / "tiny" / "20260102T120000Z-abcd1234-0123abcd.json").write_text("{")
    with served(folder, "--store", "results") as server:
        page = server.ask(path="/live.html")[2].decode()

    assert "python -m harness run tiny --resume 20260101T120000Z-0123abcd" in page
    assert "20260102T120000Z-abcd1234-0123abcd.json: damaged" in page
    assert "Nothing is being measured" in page


def test_without_a_site_the_live_page_is_the_start(tmp_path: Path) -> None:
    """And says how to make one; in a browser it is whole: no console error, no request elsewhere."""
    store.write(replace(broken_run(), complete=False), tmp_path / "results")
    with served(tmp_path, "--store", "results") as server, chromium() as browser:
        page = server.ask()[2].decode()
        moving = browser.look(f"http://127.0.0.1:{server.port}/", offline=False)
        seen = browser.look(
            f"http://127.0.0.1:{server.port}/live.html?still", axe=True, offline=False
        )

        assert "python -m harness report" in page
        assert [] == moving.errors + seen.errors + seen.violations
        assert {f"http://127.0.0.1:{server.port}"} == {
            "/".join(asked.split("/")[:3]) for asked in seen.asked if not asked.startswith("data:")
        }


def test_a_folder_that_is_no_site_is_refused(tmp_path: Path) -> None:
    """Exit 2: what was named is not there."""
    command = [sys.executable, "-m", "harness", "serve", "elsewhere"]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )

    assert 2 == ended.returncode
    assert "there is no site in elsewhere" in ended.stderr
