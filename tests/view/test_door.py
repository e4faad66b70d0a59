"""Who may come in: this machine's own pages, to read; and what every answer carries."""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.child import couplesim
from tests.export.conftest import make
from tests.view.serving import ask, viewer

PAGES = ("/", "/run/run", "/run/run/session/1", "/run/nothing", "/static/page.css", "/static/view.js", "/nothing")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    make(folder / "run")
    (folder / "secret.txt").write_text("nobody's business", encoding="utf-8")
    with viewer(folder) as url:
        yield url


def test_own_names_are_answered(base):
    port = urlsplit(base).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", "LOCALHOST:1", "[::1]:8378"):
        assert ask(base, "/", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1@evil.example", "evil@127.0.0.1",
     "192.168.0.4", "0.0.0.0", "", "[", "127.0.0.1/x", "127.0.0.1 evil.example", None],
)  # fmt: skip
def test_another_name_for_this_host_is_refused(base, host):
    answer = ask(base, "/run/run", host=host)
    assert answer.status == 400
    assert "session" not in answer.text


def test_two_names_are_refused(base):
    parts = urlsplit(base)
    with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)) as connection:
        connection.putrequest("GET", "/")
        connection.putheader("host", "evil.example")
        connection.endheaders()
        assert connection.getresponse().status == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_a_foreign_page_is_refused(base, origin):
    assert ask(base, "/run/run", origin=origin).status == 403


def test_an_own_page_is_answered_and_no_other_is_let_read(base):
    answer = ask(base, "/run/run", origin=base)
    assert answer.status == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
def test_there_is_nothing_but_reading(base, method):
    answer = ask(base, "/run/run", method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_heads_are_told(base):
    assert ask(base, "/run/run", "HEAD").status == 200


@pytest.mark.parametrize(
    "address",
    ["/..%2f", "/../secret.txt", "/%2e%2e/secret.txt", "/static/..%2fapp.py", "/static/../app.py", "/static/",
     "/run/..%2f", "/run/../secret.txt", "/run/..", "/run/%2e%2e", "/run/secret.txt", "/run//etc/passwd",
     "/run/run%2fledger.db", "/run/run/session/..%2f1", "/run/run/session/-1", "/run/run/session/0",
     "/run/run/session/99", "/run/run/session/1/turn/99", "/run/run/session/1?beside=..%2f1",
     "/run/run/session/1?beside=2&with=..%2f..", "/run/run/session/1?beside=99999999999999999999", "/run/%00",
     "/run/run/session/9999999999999999999999"],
)  # fmt: skip
def test_an_address_never_becomes_a_path(base, address):
    answer = ask(base, address)
    assert answer.status == 404
    assert "nobody's business" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_forbids_what_it_does_not_need(base, address, method):
    headers = ask(base, address, method).headers
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
        "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")


def test_no_other_machine_can_be_asked_to_be_listened_to(tmp_path):
    done = couplesim(tmp_path, "view", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "No such option" in done.stderr
