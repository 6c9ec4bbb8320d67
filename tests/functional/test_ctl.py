"""`p2pnode ctl`, the command line of a running node."""

import json
import subprocess

from node import BINARY, clean_environment
from process import LOOPBACK
from waiting import wait_until


def ctl(node, *words):
    """Exit status, standard output and standard error of one command."""
    done = subprocess.run(
        [BINARY, "ctl", f"--datadir={node.datadir}", f"--api-listen={LOOPBACK}:{node.api_port}", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )
    return done.returncode, done.stdout, done.stderr


def test_methods_are_called_with_json_and_text(make_node):
    node = make_node().start()
    assert ctl(node, "getblockcount") == (0, "0\n", "")
    status, out, _ = ctl(node, "getblockheader", node.call("getblockhash", 0), "true")
    assert status == 0 and json.loads(out)["height"] == 0
    assert ctl(node, "addpeeraddress", "1.2.3.4", "8333")[0] == 0
    assert ctl(node, "getblockhash", "7") == (
        1, "", "error code: -8\nerror message:\nBlock height out of range\n"
    )
    status, out, err = ctl(node, "nonsense")
    assert (status, out) == (1, "") and "Method not found" in err


def test_peers_and_totals_are_tables(make_node):
    node = make_node().start()
    other = make_node(f"--connect={LOOPBACK}:{node.port}").start()
    node.wait_for_peers(1)
    other.wait_for_peers(1)
    lines = ctl(node, "peers")[1].splitlines()
    assert len(lines) == 2 and lines[1].startswith("in ") and "/p2pnode:" in lines[1]
    assert ctl(other, "peers")[1].splitlines()[1].startswith("out")
    total = [line.split() for line in ctl(node, "netinfo")[1].splitlines() if "total" in line]
    assert total[-1] == ["total", "1", "0", "1"]


def test_bans_and_reasons(make_node):
    node = make_node().start()
    assert ctl(node, "ban", "9.9.9.0/24", "60")[0] == 0
    assert "9.9.9.0/24" in ctl(node, "listbanned")[1]
    assert ctl(node, "unban", "9.9.9.0/24")[0] == 0
    assert ctl(node, "unban", "9.9.9.0/24")[0] == 1
    assert ctl(node, "ban")[0] == 2
    assert "No addresses are known" in ctl(node, "why")[1]


def test_health_checks_have_an_exit_status(make_node):
    node = make_node().start()
    status, out, _ = ctl(node, "livez")
    assert status == 0 and json.loads(out)["ok"] is True
    status, out, _ = ctl(node, "readyz")  # nobody is connected
    assert status == 1 and json.loads(out)["ok"] is False
    assert ctl(node, "livez", "now")[0] == 2
    assert node.stop() == 0
    assert ctl(node, "livez")[0] == 1


def test_events_are_followed_until_the_node_stops(make_node, tmp_path):
    node = make_node().start()
    argv = [BINARY, "ctl", f"--datadir={node.datadir}", f"--api-listen={LOOPBACK}:{node.api_port}"]
    with open(tmp_path / "events", "w+", encoding="utf-8") as out:
        follower = subprocess.Popen([*argv, "events", "banned"], stdout=out, env=clean_environment())
        try:
            seen = lambda: (out.seek(0), out.read())[1]
            wait_until("the stream", lambda: seen().startswith(":"), 20)
            node.call("setban", "9.9.9.9", "add")
            wait_until("the ban", lambda: "9.9.9.9/32" in seen(), 20)
            assert node.stop() == 0
            assert follower.wait(20) in (0, 1)
        finally:
            follower.kill()


def test_help_needs_no_node_and_lists_the_methods_of_one(make_node):
    node = make_node()
    for words in ["help"], ["--help"]:
        status, out, err = ctl(node, *words)
        assert (status, err) == (0, "") and out.startswith("usage: p2pnode ctl"), words
        assert "\n  unban SUBNET " in out and "methods of the node" not in out
    assert ctl(node, "help", "uptime")[0] == 1  # only a node knows
    node.start()
    status, out, err = ctl(node, "help")
    own, methods = out.split("\nmethods of the node:\n\n")
    assert (status, err) == (0, "") and "\n  unban SUBNET " in own
    assert "getpeerinfo" in methods.split()
    assert "uptime" in ctl(node, "help", "uptime")[1]


def test_what_is_wrong_is_said(make_node):
    node = make_node()
    node.datadir.mkdir()
    status, _, err = ctl(node, "uptime")
    assert status == 1 and "cannot read the cookie" in err and "does the node run?" in err
    (node.datadir / ".cookie").write_text("__cookie__:00", encoding="ascii")
    status, _, err = ctl(node, "uptime")
    assert status == 1 and f"no node answers at {LOOPBACK}:{node.api_port}" in err
    (node.datadir / ".cookie").unlink()
    node.start()
    status, _, err = ctl(node, "uptimes")
    assert status == 1 and "Method not found" in err and '"p2pnode ctl help" lists' in err
    for words, help_command in (["--nope"], "--help"), (["ctl", "--nope"], "ctl help"):
        wrong = subprocess.run(
            [BINARY, *words], capture_output=True, text=True, timeout=60, check=False, env=clean_environment()
        )
        assert wrong.returncode == 2
        assert wrong.stderr == f'p2pnode: unknown option --nope\nTry "p2pnode {help_command}".\n'
    (node.datadir / ".cookie").write_text("__cookie__:00", encoding="ascii")
    status, _, err = ctl(node, "uptime")
    assert status == 1 and "status 401" in err
    status, out, err = ctl(node)
    assert (status, out) == (2, "") and err.startswith("usage: p2pnode ctl")
    assert ctl(node, "--no-such-option", "uptime")[0] == 2
