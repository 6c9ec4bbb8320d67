"""What a service manager hears over its notification socket, by a double of systemd's."""

import os
import signal
import socket
import time

import pytest

from waiting import TIME_FACTOR, wait_until


@pytest.fixture
def manager(tmp_path):
    """The socket that NOTIFY_SOCKET names."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind(str(tmp_path / "notify"))
        opened.settimeout(20 * TIME_FACTOR)
        yield opened


def start(node, tmp_path, **environment):
    node.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    node.environment.update(environment)
    return node.start()


def hear(manager, wanted):
    """Everything up to the message that starts so."""
    heard = []
    while not heard or not heard[-1].startswith(wanted):
        heard.append(manager.recv(4096).decode())
    return heard


def test_start_reload_and_stop_are_told_in_order(make_node, manager, tmp_path):
    node = start(make_node(), tmp_path)
    heard = hear(manager, "STATUS=")
    assert heard == ["READY=1", "STATUS=height 0, 0 peers"]
    node.signal(signal.SIGHUP)
    heard = hear(manager, "READY=1")
    assert any(message.startswith("RELOADING=1\nMONOTONIC_USEC=") for message in heard)
    assert node.stop() == 0
    hear(manager, "STOPPING=1")


def test_the_watchdog_is_fed_twice_a_period_and_not_by_a_stopped_process(
    make_node, manager, tmp_path
):
    node = make_node()
    node.environment["WATCHDOG_USEC"] = str(400_000)
    start(node, tmp_path)
    hear(manager, "WATCHDOG=1")
    began = time.monotonic()
    for _ in range(5):
        hear(manager, "WATCHDOG=1")
    assert 0.5 < time.monotonic() - began
    node.signal(signal.SIGSTOP)
    with open(f"/proc/{node.pid}/stat", encoding="ascii") as stat:
        wait_until("it is stopped", lambda: (stat.seek(0), stat.read().split()[2])[1] == "T", 10)
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            manager.recv(4096)  # what was sent before
    manager.settimeout(1)
    with pytest.raises(TimeoutError):
        manager.recv(4096)
    node.signal(signal.SIGCONT)
    manager.settimeout(20 * TIME_FACTOR)
    hear(manager, "WATCHDOG=1")


def test_without_a_manager_nothing_is_missing(make_node):
    node = make_node()
    assert "NOTIFY_SOCKET" not in node.environment and "NOTIFY_SOCKET" not in os.environ
    node.start()
    assert node.stop() == 0
