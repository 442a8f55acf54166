"""A network that swallows packets, and a listener that is flooded before anybody can accept: in network namespaces of the test's own."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

import hostile
import programs
import witness
from conftest import Key
from programs import until

CONFIG = """
keep_alive = { retry = 2, timeout = "3s" }
"""
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def here(tmp_path, hosts, ended):
    """A gateway in one namespace with a healthy device beside it, reached from the other one by a cable."""
    inside = hosts.inside(hosts.gateway)
    gateway = programs.Gateway(tmp_path, prefix=inside, hosts=[hosts.gateway_address], config=CONFIG)
    gateway.command += ["--door", f"{hosts.gateway_address}:2022"]
    ended.append(gateway)
    gateway.start()
    healthy = witness.Witness(gateway, tmp_path / "healthy", prefix=inside, user="root")
    ended.append(healthy)
    healthy.join()
    return gateway, healthy


def agent_afar(tmp_path, hosts, ended, gateway, name):
    """A device at the other end of the cable."""
    secret = gateway.secret_of(gateway.enroll(name, user="root"))
    text = programs.configuration(
        programs.stanza(gateway.port, host=hosts.gateway_address, device_id=name, secret=secret, keep_alive=(2, 2)),
        login=programs.login("root", gateway.public_key),
        host_name=name,
    )
    agent = programs.Agent(tmp_path / name, text, "--ssh-server", "embedded", name=name, prefix=hosts.inside(hosts.device))
    ended.append(agent)
    return agent.start()


def epoch(gateway, name):
    session = gateway.json("device", "show", name)["session"]
    return session and session["epoch"]


def test_a_device_and_its_operator_that_fall_silent_are_given_up_and_come_back(tmp_path, hosts, ended, here):
    gateway, healthy = here
    agent_afar(tmp_path, hosts, ended, gateway, "afar")
    gateway.wait_up("afar", timeout=60)
    api, key = witness.Api(gateway), Key(tmp_path, "ops")
    api.json("POST", "/users", {"name": "ops", "role": "admin"})
    api.json("POST", "/users/ops/keys", {"key": key.text})
    line = ["ssh", "-F", "none", "-i", key.path, "-p", "2022", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    line += ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"]
    talks = "while true; do echo still here; sleep 0.2; done"
    operators = [
        # One works on the device that falls silent with them, one on the device that does not.
        programs.Program(f"operator-{name}", [*line, f"ops:{name}@{hosts.gateway_address}", talks], tmp_path, prefix=hosts.inside(hosts.device))
        for name in ("afar", "healthy")
    ]
    for operator in operators:
        ended.append(operator)
        operator.start()
        until(f"{operator.name} works", lambda operator=operator: "still here" in operator.output(), timeout=60)
    before = epoch(gateway, "afar")
    healthy.start()

    hosts.cut()
    closed = gateway.wait_code("afar", "session-closed", timeout=60)
    assert "keep-alive: no answer" in closed["message"]
    # The operator of the healthy device is given up when the kernel could not deliver for a minute.
    until("no channel is left", lambda: not api.json("GET", "/devices/healthy/channels"), timeout=150)
    left = lambda: [entry for entry in gateway.audit("--action", "logout") if entry["operator"] == "ops"]  # noqa: E731
    until("both operators have left", lambda: len(left()) == 2, timeout=150)
    healthy.check(most_mebibytes=48)

    hosts.mend()
    until("the device is back", lambda: (epoch(gateway, "afar") or 0) > before, timeout=90)
    assert "<host-name>afar</host-name>" in gateway.run("rpc", "afar", "get-system-information").stdout


FLOOD = '''
import os, random, socket, struct, sys, time
address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff

raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
target = socket.inet_aton(address)
for number in range(count):
    source = socket.inet_aton("10.199.0.%d" % random.randint(10, 250))  # nobody has these: no reset is ever sent
    head = struct.pack("!HHIIBBHHH", random.randint(1024, 65535), port, random.getrandbits(32), 0, 5 << 4, 2, 64240, 0, 0)
    pseudo = source + target + struct.pack("!BBH", 0, 6, len(head))
    head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(head), number & 0xffff, 0, 64, 6, 0, source, target) + head
    raw.sendto(packet, (address, 0))
    if number % 50 == 0:
        time.sleep(0.002)
'''


def half_open(hosts):
    command = [*hosts.inside(hosts.gateway), "ss", "-Htn", "state", "syn-recv"]
    return len(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines())


def test_a_flood_of_syns_that_nobody_completes_keeps_nobody_out(tmp_path, hosts, ended, here):
    gateway, healthy = here
    healthy.start()
    script = tmp_path / "flood.py"
    script.write_text(FLOOD)
    flood = programs.Program(
        "flood", ["python3", script, hosts.gateway_address, gateway.port, 40_000], tmp_path, prefix=hosts.inside(hosts.device)
    )
    ended.append(flood)
    flood.start()
    until("connections are half open", lambda: half_open(hosts) >= 200 or not flood.is_running(), timeout=60)
    assert half_open(hosts) >= 200, flood.output()
    agent_afar(tmp_path, hosts, ended, gateway, "afar")
    gateway.wait_up("afar", timeout=90)
    healthy.check(most_mebibytes=32)


def test_a_full_backlog_is_worked_off_and_no_session_is_lost(tmp_path, ended, loop):
    """The gateway stands still while more dial than the kernel may keep for it."""
    hostile.allow_descriptors(8192)
    gateway = programs.Gateway(tmp_path, config='opening_timeout = "3s"\nrefuse_hold = "2s"\nkeep_alive = { retry = 3, timeout = "10s" }\n')
    ended.append(gateway)
    gateway.start()
    healthy = witness.Witness(gateway, tmp_path / "healthy")
    ended.append(healthy)
    healthy.join().start()
    field = hostile.Field(gateway, loop, seconds=60)
    until("it is asked", lambda: len(healthy.took) > 3, timeout=30)
    most = min(4096, int(Path("/proc/sys/net/core/somaxconn").read_text()))
    gateway.send(signal.SIGSTOP)
    try:
        crowd = loop.spawn(hostile.silent(field, most + 500))
        until("the backlog is full", lambda: waiting(gateway.port) >= most, timeout=30)
    finally:
        gateway.send(signal.SIGCONT)
    (name, secret), = field.enrolled("newcomer", 1)
    field.device(name, secret).start()
    gateway.wait_up(name, timeout=90)
    facts = crowd.result(120)
    assert facts.get("hung up", 0) >= most, facts
    healthy.check(most_mebibytes=96)


def waiting(port):
    """Connections that the kernel keeps until they are accepted."""
    command = ["ss", "-Hltn", "sport", "=", f":{port}"]
    rows = [line.split() for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    return max((int(row[1]) for row in rows), default=0)
