"""What an operator sees of p2pnode: exit statuses, signals, files, HTTP."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
import wire
from bitcoin_p2p import Connection, HeaderServer
from node import BINARY, clean_environment
from process import LOOPBACK, free_port
from waiting import TIME_FACTOR, wait_until

EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_CONFIG, EXIT_IN_USE, EXIT_BIND = range(6)


def run(*options, environment=None):
    """Runs p2pnode to its end: status, standard output, standard error."""
    result = subprocess.run(
        [BINARY, *options],
        env={**clean_environment(), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=20 * TIME_FACTOR,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def start_and_wait(node):
    """Starts a node that is expected to give up: its status and its log."""
    node.launch()
    return node.wait(20), node.log()


# Exit statuses that need no running node


@pytest.mark.parametrize("option", ["--help", "-h", "--version", "-V"])
def test_help_and_version_go_to_standard_output_with_status_0(option):
    status, output, errors = run(option)
    assert (status, errors) == (EXIT_OK, "")
    assert "p2pnode" in output


@pytest.mark.parametrize(
    "option, named",
    [
        ("--nonsense", "nonsense"),
        ("--maxpeers=many", "maxpeers"),
        ("--maxpeers=0", "maxpeers"),
        ("--bitcoin=nonet", "bitcoin"),
        ("--listen=localhost:1", "listen"),
        ("--netrestrict=127.0.0.0/40", "netrestrict"),
        ("--log-level=loud", "log-level"),
        ("operand", "operand"),
    ],
)
def test_a_wrong_command_line_gives_status_2_and_names_the_option(tmp_path, option, named):
    status, output, errors = run(f"--datadir={tmp_path}", option)
    assert status == EXIT_USAGE, errors
    assert named in errors
    assert output == ""


def write_conf(folder, text):
    path = folder / "p2pnode.conf"
    path.write_text(text, encoding="ascii")
    return path


def test_check_config_accepts_a_good_file_with_status_0(tmp_path):
    conf = write_conf(tmp_path, "bitcoin = regtest\nmaxpeers = 20\n# a remark\nlog-level = debug\n")
    status, output, errors = run("--check-config", f"--conf={conf}")
    assert status == EXIT_OK, errors
    assert "ok" in output


@pytest.mark.parametrize(
    "line", ["nonsense = 1", "maxpeers = many", "log-level = loud", "no equals sign"]
)
@pytest.mark.parametrize("check_only", [True, False], ids=["check-config", "start"])
def test_a_wrong_file_gives_status_3_and_names_file_and_line(tmp_path, line, check_only):
    conf = write_conf(tmp_path, f"bitcoin = regtest\n{line}\n")
    options = ["--check-config"] if check_only else []
    status, _, errors = run(*options, f"--conf={conf}", f"--datadir={tmp_path}")
    assert status == EXIT_CONFIG, errors
    assert f"{conf}:2" in errors


def test_a_missing_file_gives_status_3(tmp_path):
    status, _, errors = run("--check-config", f"--conf={tmp_path / 'absent.conf'}")
    assert status == EXIT_CONFIG, errors
    assert "absent.conf" in errors


def test_a_wrong_environment_gives_status_3(tmp_path):
    status, _, errors = run("--check-config", environment={"P2PNODE_MAXPEERS": "many"})
    assert status == EXIT_CONFIG, errors
    assert "P2PNODE_MAXPEERS" in errors


def test_the_command_line_overrides_the_environment_and_that_the_file(tmp_path):
    conf = write_conf(tmp_path, "maxpeers = 11\nlog-level = warn\nretry-max = 77\n")
    environment = {"P2PNODE_MAXPEERS": "22", "P2PNODE_LOG_LEVEL": "error"}
    options = ["--print-config", f"--conf={conf}", "--maxpeers=33"]
    status, output, errors = run(*options, environment=environment)
    assert status == EXIT_OK, errors
    lines = dict(line.split("=", 1) for line in output.splitlines() if "=" in line and line[0] != "#")
    settings = {key.strip(): value.strip() for key, value in lines.items()}
    assert settings["maxpeers"] == "33"
    assert settings["log-level"] == "error"
    assert settings["retry-max"] == "77"


# Exit statuses of a start that fails


def test_a_second_process_on_the_same_data_directory_ends_with_status_4(make_node):
    first = make_node(name="shared").start()
    second = make_node(name="shared")
    second.log_path = second.folder / "second.log"
    status, log = start_and_wait(second)
    assert status == EXIT_IN_USE, log
    assert str(second.datadir) in log
    assert first.get("/livez")[0] == 200


def test_the_data_directory_is_free_again_after_a_kill(make_node):
    node = make_node().start()
    node.kill()
    node.start()


@pytest.mark.parametrize("which", ["port", "api_port"])
def test_a_port_in_use_ends_with_status_5_and_names_it(make_node, which):
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        status, log = start_and_wait(make_node(**{which: port}))
    assert status == EXIT_BIND, log
    assert f"{LOOPBACK}:{port}" in log


def test_a_data_directory_that_cannot_be_made_ends_with_status_1(make_node):
    node = make_node()
    node.datadir.write_text("a file where the directory should be", encoding="ascii")
    status, log = start_and_wait(node)
    assert status == EXIT_FAILURE, log
    assert str(node.datadir) in log


# Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_first_signal_stops_cleanly_within_ten_seconds(make_node, stack, number):
    """With peers that talk, that are silent, that never read, and one that is being dialled."""
    chain = wire.Chain()
    chain.extend(100)
    server = stack.enter_context(HeaderServer(chain))
    node = make_node(
        f"--connect={LOOPBACK}:{server.port}", f"--connect={LOOPBACK}:{free_port()}"
    ).start()
    node.wait_for_height(100)
    for _ in range(5):
        stack.enter_context(Connection.to(node.port)).handshake()
    for _ in range(5):
        stack.enter_context(Connection.to(node.port))
    started = time.monotonic()
    node.signal(number)
    assert node.wait(10) == EXIT_OK, node.log()[-2000:]
    print(f"stopped after {time.monotonic() - started:.2f} s")


def test_a_second_signal_ends_the_process_at_once(make_node):
    """Both signals are given to a process that is halted, so that it finds both when it goes on.

    Linux hands out the lower number first: SIGINT asks for the clean stop, SIGTERM cuts it short.
    """
    node = make_node()
    node.environment["TSAN_OPTIONS"] = "report_thread_leaks=0"  # the threads are left as they are
    node.start()
    node.signal(signal.SIGSTOP)
    node.signal(signal.SIGTERM)
    node.signal(signal.SIGINT)
    node.signal(signal.SIGCONT)
    assert node.wait(5) == 128 + signal.SIGTERM


def test_sighup_opens_the_log_file_again(make_node):
    node = make_node()
    log_file = node.folder / "p2pnode.log"
    node.argv.append(f"--log-file={log_file}")
    node.start()
    moved = node.folder / "p2pnode.log.1"
    os.rename(log_file, moved)
    node.signal(signal.SIGHUP)
    wait_until("the log file is there again", log_file.exists, 5)
    size = moved.stat().st_size
    node.signal(signal.SIGUSR1)
    wait_until("the new file is written to", lambda: log_file.stat().st_size > 0, 5)
    assert node.stop() == EXIT_OK
    assert moved.stat().st_size - size < 1000, "the old file was still written to"
    assert log_file.stat().st_mode & 0o777 == 0o600


def is_json(line):
    try:
        return set(json.loads(line)) >= {"ts", "level", "subsystem", "msg"}
    except ValueError:
        return False


def test_sighup_reloads_the_configuration_and_refuses_a_bad_one_whole(make_node):
    node = make_node()
    conf = write_conf(node.folder, "log-format = text\n")
    node.argv.append(f"--conf={conf}")
    node.start()

    def last_line_after(signal_number):
        before = len(node.log())
        node.signal(signal_number)
        wait_until("a log line", lambda: node.log()[before:].count("\n") > 0, 5)
        return node.log().splitlines()[-1]

    assert not is_json(last_line_after(signal.SIGUSR1))
    write_conf(node.folder, "log-format = json\n")
    node.signal(signal.SIGHUP)
    wait_until("log lines are JSON", lambda: is_json(last_line_after(signal.SIGUSR1)), 5)

    write_conf(node.folder, "log-format = text\nnonsense = 1\n")
    before = len(node.log())
    node.signal(signal.SIGHUP)
    wait_until("the error is logged", lambda: f"{conf}:2" in node.log()[before:], 5)
    assert is_json(last_line_after(signal.SIGUSR1)), "a part of the bad file has been taken over"
    assert node.get("/livez")[0] == 200


def test_sigusr1_writes_threads_and_channels_to_the_log(node):
    with Connection.to(node.port) as connection:
        connection.handshake()
        before = len(node.log())
        node.signal(signal.SIGUSR1)
        wait_until("the server's inbox is listed", lambda: "inbox" in node.log()[before:], 5)
        written = node.log()[before:]
    for word in ("server", "manager"):
        assert word in written, f"{word} is missing in:\n{written}"


# HTTP


def test_metrics_please_promtool(node):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    with Connection.to(node.port) as connection:
        connection.handshake().round_trip()
        status, kind, body = node.get("/metrics")
    assert status == 200
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    lint = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, text=True, check=False
    )
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", ""), lint.stderr


def test_openmetrics_keeps_its_rules_when_it_is_asked_for(node):
    with Connection.to(node.port) as connection:
        connection.handshake().round_trip()
        request = urllib.request.Request(f"http://{LOOPBACK}:{node.api_port}/metrics")
        request.add_header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        with urllib.request.urlopen(request, timeout=10) as reply:
            kind, body = reply.headers["Content-Type"], reply.read().decode()
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert body.endswith("\n# EOF\n") and body.count("# EOF") == 1
    family, types = None, {}
    for line in body.splitlines()[:-1]:
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in types, f"{family} is in two places"
        elif line.startswith("# TYPE "):
            name, types[family] = line.split()[2:]
            assert name == family and not (types[family] == "counter" and name.endswith("_total"))
        else:
            name = re.match("[a-z0-9_]+", line)[0]
            endings = {"counter": ["_total"], "gauge": [""]}.get(
                types[family], ["_bucket", "_sum", "_count"]
            )
            assert name in [family + ending for ending in endings], line
            assert '{le="1"}' not in line  # bounds are written as 1.0
    assert {"counter", "gauge", "histogram"} == set(types.values())


def test_metrics_tell_of_threads_and_bans(node):
    node.call("setban", "192.0.2.0/24", "add")
    metrics = node.metrics()
    assert metrics.total("p2pnode_banned_peers") == 1
    for thread in (
        "loop", "server", "bitcoin", "rpc", "dialer", "tx-relay", "addr-dump", "header store"
    ):  # fmt: skip
        turned = metrics.total("p2pnode_thread_heartbeat_timestamp_seconds", thread=thread)
        assert abs(time.time() - turned) < 60, thread
    assert node.metrics().total("p2pnode_metrics_render_duration_seconds_count") >= 1


def test_metrics_count_what_happens(node):
    with Connection.to(node.port) as connection:
        connection.handshake()
        for _ in range(7):
            connection.round_trip()
        node.wait_for_peers(1, network="bitcoin", direction="inbound")
        assert node.messages("in", "ping") == 7
        assert node.messages("out", "pong") == 7
        assert node.messages("in", "version") == 1
        connection.send("nonsense")
        connection.round_trip()
        assert node.messages("in", "unknown") == 1
    node.wait_for_peers(0)
    assert node.disconnects(network="bitcoin") == 1
    names = node.metrics().names()
    for name in ("process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds"):
        assert name in names


def test_livez_answers_as_soon_as_the_process_runs(node):
    status, _, body = node.get("/livez")
    assert status == 200
    threads = json.loads(body)["checks"][0]
    assert threads["name"] == "threads" and threads["ok"]
    assert re.fullmatch(r"\d+ turn", threads["detail"])


def test_readyz_is_503_without_peers_and_200_once_the_chain_is_synced(make_node, stack):
    chain = wire.Chain()
    chain.extend(10)
    server = stack.enter_context(HeaderServer(chain))
    lonely = make_node().start()
    assert lonely.get("/readyz")[0] == 503
    node = make_node(f"--connect={LOOPBACK}:{server.port}").start()
    wait_until("the node is ready", lambda: node.get("/readyz")[0] == 200, 10)
    assert node.height() == 10


def test_an_unknown_path_is_404_and_another_method_is_refused(node):
    assert node.get("/nonsense")[0] == 404
    with socket.create_connection((LOOPBACK, node.api_port), 5) as client:
        client.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert client.recv(100).split()[1] in (b"405", b"501")
