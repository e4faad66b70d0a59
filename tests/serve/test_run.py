"""The server as its own process: where it listens, how it ends, what it says when it cannot."""

import signal
import socket
import subprocess
import sys
import time

import openai
import pytest

from generator.errors import InputError
from generator.serve.run import run


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def started(port):
    code = f"from generator.serve.run import run; run('localhost', {port})"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait_for(port):
    deadline = time.monotonic() + 15
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the server has not started"
            time.sleep(0.05)


def test_it_serves_in_silence_until_it_is_interrupted():
    port = free_port()
    process = started(port)
    try:
        wait_for(port)
        with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as client:
            said = client.chat.completions.create(model="rehearsal", messages=[{"role": "user", "content": "Hello."}])
            assert said.choices[0].message.content
            with pytest.raises(InputError, match=f"port {port} is in use; choose another with --port"):
                run("127.0.0.1", port)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=10) == (b"", None)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.org", ""])
def test_it_listens_on_this_machine_only(host):
    with pytest.raises(InputError, match="this machine only"):
        run(host, free_port())


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_cannot_be_is_the_users_mistake(port):
    with pytest.raises(InputError, match="choose another with --port"):
        run("127.0.0.1", port)
