"""`couplesim view`: it listens on this machine, says where, and ends when it is told to."""

import re
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.builders import spec
from tests.child import couplesim, start
from tests.runs import begin


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_with_ctrl_c(tmp_path, port, stop):
    begin(tmp_path / "outputs" / "run", spec()).close()
    with start(tmp_path, "view", "--port", port) as viewer:
        assert viewer.stderr.readline() == f"outputs at http://127.0.0.1:{port}/\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/run/run") as answer:
            assert "work-home-role-strain" in answer.read().decode()
        viewer.send_signal(stop)
        assert viewer.wait(timeout=20) == (0 if stop == signal.SIGINT else -signal.SIGTERM)
        assert "Traceback" not in viewer.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere",), "nowhere: there is no such folder; name a run, or a folder of runs such as outputs"),
        (("--port", 0), "0 is not in the range"),
        (("broken",), "the ledger is damaged"),
    ],
)
def test_a_mistake_is_told(tmp_path, arguments, told):
    (tmp_path / "outputs").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ledger.db").write_bytes(b"no ledger")
    done = couplesim(tmp_path, "view", *arguments)
    assert done.returncode == (6 if arguments == ("broken",) else 2)
    assert told in done.stderr


def test_a_port_in_use_is_told_with_the_remedy(tmp_path):
    (tmp_path / "outputs").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        done = couplesim(tmp_path, "view", "--port", number)
    assert (done.returncode, done.stderr) == (2, f"couplesim: port {number} is in use; choose another with --port\n")


def test_the_page_about_it_names_every_option_and_no_other(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "view.md").read_text(encoding="utf-8")
    known = set(re.findall(r"--[a-z]+", couplesim(tmp_path, "view", "--help").stdout)) - {"--help"}
    assert set(re.findall(r"`(--[a-z]+)`", page)) == known
