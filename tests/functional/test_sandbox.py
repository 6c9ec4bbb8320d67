"""The sandbox that a node enters at its start; all other tests run inside it."""

import os
import re
import signal
import subprocess

import pytest
from node import BINARY
from waiting import wait_until


def status_of(node):
    with open(f"/proc/{node.pid}/status", encoding="ascii") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)


def in_force(node):
    metrics = node.metrics()
    return {
        part
        for part in ("no_new_privileges", "landlock", "seccomp")
        if metrics.total("p2pnode_sandbox", part=part)
    }


@pytest.fixture
def inside(make_node, tmp_path):
    """A started node in its sandbox, whose configuration has a folder of its own."""
    (tmp_path / "conf").mkdir()
    conf = tmp_path / "conf" / "p2pnode.conf"
    conf.write_text("log-format = text\n", encoding="utf-8")
    node = make_node(f"--conf={conf}").start()
    if "sandbox: off: a sanitizer" in node.log():
        pytest.skip("a build with a sanitizer has no sandbox")
    node.conf = conf
    return node


def reload(node, settings, wanted):
    """Replaces the file as editors do."""
    fresh = node.conf.with_suffix(".new")
    fresh.write_text(settings, encoding="utf-8")
    os.replace(fresh, node.conf)
    before = len(node.log())
    node.signal(signal.SIGHUP)
    wait_until(wanted, lambda: wanted in node.log()[before:], 20)
    return node.log()[before:]


def test_it_is_in_force_in_every_thread_and_told(inside):
    status = status_of(inside)
    assert status["NoNewPrivs"] == "1"
    assert "no_new_privileges" in in_force(inside)
    if "seccomp" in in_force(inside):
        assert re.search(r"sandbox: seccomp: \d+ system calls are let through", inside.log())
        for thread in os.listdir(f"/proc/{inside.pid}/task"):
            with open(f"/proc/{inside.pid}/task/{thread}/status", encoding="ascii") as each:
                assert "\nSeccomp:\t2\n" in each.read()
    else:
        assert "sandbox: no seccomp" in inside.log()
    told = "sandbox: Landlock " if "landlock" in in_force(inside) else "sandbox: no Landlock"
    assert told in inside.log()


def test_it_can_be_left_out(make_node):
    node = make_node("--no-sandbox").start()
    assert in_force(node) == set()
    assert "sandbox: off" in node.log()
    assert status_of(node)["Seccomp"] == "0"


def test_a_replaced_configuration_is_read(inside):
    for _ in range(2):
        reload(inside, "log-level = debug\n", "configuration reloaded")


def test_a_file_elsewhere_is_refused_with_the_whole_configuration(inside, tmp_path):
    if "landlock" not in in_force(inside):
        pytest.skip("this kernel has no Landlock")
    log = reload(inside, f"log-file = {tmp_path}/out.log\nmaxpeers = 3\n", "configuration refused")
    assert re.search(r"cannot open the log \S+: permission denied", log)
    assert not (tmp_path / "out.log").exists()
    folder = inside.datadir / "p2pnode.log"
    inside.conf.write_text(f"log-file = {folder}\n", encoding="utf-8")
    inside.signal(signal.SIGHUP)
    wait_until("the log in the data directory", lambda: folder.exists(), 20)


def test_a_pidfile_and_a_cookie_elsewhere_come_and_go(make_node, tmp_path):
    (tmp_path / "run").mkdir()
    pidfile, cookie = tmp_path / "run" / "p2pnode.pid", tmp_path / "run" / "cookie"
    node = make_node(f"--pidfile={pidfile}", f"--api-cookie-file={cookie}").start()
    assert pidfile.read_text(encoding="ascii") == f"{node.pid}\n"
    assert cookie.exists()
    assert node.stop() == 0
    assert not pidfile.exists() and not cookie.exists()


def test_ports_may_be_the_systems_choice(make_node):
    node = make_node("--listen=127.0.0.1:0", "--eth-listen=127.0.0.1:0").start()
    assert re.search(r"bitcoin listening on 127\.0\.0\.1:(?!0)\d+", node.log())


def test_the_option_is_in_the_help():
    said = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"--sandbox\b.*give up", said) or "--no-sandbox" in said
