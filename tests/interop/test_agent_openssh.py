"""The agent with the system's own sshd, and the gateway."""

import signal
import subprocess
import time

import pytest

from programs import Gateway, configuration, login, stanza, until

def behind_sshd(start_agent, sshd, gateway, secret, name="edge-1", keep_alive=(3, 15), allowed=None, **more):
    sshd.allow(allowed or gateway.public_key)
    text = configuration(
        stanza(gateway.port, host=gateway.host, device_id=name, secret=secret, keep_alive=keep_alive),
        login=login("root", gateway.public_key),
    )
    return start_agent(text, "--ssh-server", "openssh", "--sshd", sshd.path, name=name, **more)


def test_the_gateway_runs_rpcs_on_a_device_behind_openssh(gateway, start_agent, sshd):
    secret = gateway.secret_of(gateway.enroll("edge-1", user="root"))
    behind_sshd(start_agent, sshd, gateway, secret)
    gateway.wait_up("edge-1")
    assert "<host-name>edge-1</host-name>" in gateway.run("rpc", "edge-1", "get-system-information").stdout
    config = gateway.run("config", "get", "edge-1").stdout
    assert "<device-id>edge-1</device-id>" in config
    assert secret not in config
    answers = [gateway.run("rpc", "edge-1", "get-system-information").returncode for _ in range(5)]
    assert answers == [0] * 5
    refused = gateway.run("rpc", "edge-1", "no-such-operation", check=1)
    assert "operation-not-supported" in refused.stdout + refused.stderr


def test_without_a_secret_the_key_is_carried_by_hand(gateway, start_agent, sshd):
    keys = [open(f"/etc/ssh/ssh_host_{kind}_key.pub").read().strip() for kind in ("ed25519", "ecdsa", "rsa")]
    more = [word for key in keys for word in ("--host-key", " ".join(key.split()[:2]))]
    gateway.enroll("edge-1", "--no-secret", *more, user="root")
    behind_sshd(start_agent, sshd, gateway, None)
    gateway.wait_up("edge-1")
    assert "<host-name>edge-1</host-name>" in gateway.run("rpc", "edge-1", "get-system-information").stdout


def test_a_login_that_sshd_refuses_is_on_the_timeline(gateway, start_agent, sshd, make_key):
    secret = gateway.secret_of(gateway.enroll("edge-1", user="root"))
    behind_sshd(start_agent, sshd, gateway, secret, allowed=make_key("other").public)
    entry = gateway.wait_code("edge-1", "login-refused")
    assert "root" in entry["message"] and entry["advice"]
    assert gateway.device("edge-1")["state"] == "refused"


@pytest.mark.parametrize("server", ["openssh", "embedded"])
def test_an_agent_that_stops_tells_the_gateway(gateway, start_agent, sshd, server):
    """sshd has no farewell of its own: the agent ends its NETCONF first, and the gateway closes in order."""
    secret = gateway.secret_of(gateway.enroll("edge-1", user="root"))
    sshd.allow(gateway.public_key)
    text = configuration(stanza(gateway.port, device_id="edge-1", secret=secret), login=login("root", gateway.public_key))
    agent = start_agent(text, "--ssh-server", server, "--sshd", sshd.path)
    gateway.wait_up("edge-1")
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(30) == 0
    entry = gateway.wait_code("edge-1", "session-closed")
    assert entry["fields"]["by"] == "peer"
    reason, said = {
        "openssh": ("netconf-ended", "the device ended NETCONF"),
        "embedded": ("disconnected-by-peer", "the device ends this connection"),
    }[server]
    assert entry["fields"]["reason"] == reason and said in entry["message"]
    assert gateway.device("edge-1")["state"] == "down"


@pytest.mark.parametrize("server", ["openssh", "embedded"])
def test_an_agent_with_another_key_than_the_pinned_one_is_refused(gateway, start_agent, sshd, make_key, server):
    gateway.enroll("edge-1", "--no-secret", "--host-key", make_key("pinned").text, user="root")
    sshd.allow(gateway.public_key)
    text = configuration(stanza(gateway.port, device_id="edge-1"), login=login("root", gateway.public_key))
    start_agent(text, "--ssh-server", server, "--sshd", sshd.path)
    entry = gateway.wait_code("edge-1", "key-changed")
    assert entry["fault"] == "operator" and "homing device accept SHA256:" in entry["advice"]
    assert "logged-in" not in gateway.codes("edge-1")


def test_keep_alive_cuts_a_swallowed_connection_and_the_agent_comes_back(tmp_path, hosts, ended, start_agent, sshd):
    gateway = Gateway(tmp_path, prefix=hosts.inside(hosts.gateway), hosts=[hosts.gateway_address])
    ended.append(gateway)
    gateway.start()
    secret = gateway.secret_of(gateway.enroll("edge-1", user="root"))
    behind_sshd(start_agent, sshd, gateway, secret, keep_alive=(2, 2), prefix=hosts.inside(hosts.device))
    gateway.wait_up("edge-1")
    first = gateway.device("edge-1")["session"]["epoch"]

    hosts.cut()
    cut_at = time.monotonic()
    until("sshd hangs up", lambda: not hosts.connections(hosts.device), timeout=25)
    silence = time.monotonic() - cut_at
    assert silence >= 2 * 2, "retry times timeout have to pass first"

    hosts.mend()
    until("a newer session", lambda: is_newer(gateway.device("edge-1"), first), timeout=25)
    assert "<host-name>edge-1</host-name>" in gateway.run("rpc", "edge-1", "get-system-information").stdout


def is_newer(device, epoch):
    return device["session"] is not None and device["session"]["epoch"] > epoch


def test_the_embedded_server_hangs_up_on_a_paused_gateway_and_comes_back(gateway, start_agent):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    text = configuration(
        stanza(gateway.port, device_id="edge-1", secret=secret, keep_alive=(2, 1)),
        login=login("homing", gateway.public_key),
    )
    agent = start_agent(text, "--ssh-server", "embedded")
    gateway.wait_up("edge-1")
    first = gateway.device("edge-1")["session"]["epoch"]
    gateway.send(signal.SIGSTOP)
    try:
        until("the agent hangs up", lambda: not established(agent.pid, gateway.port), timeout=15)
    finally:
        gateway.send(signal.SIGCONT)
    until("a newer session", lambda: is_newer(gateway.device("edge-1"), first), timeout=25)


def established(pid, port):
    """Whether the process has a connection to the port that is past its first proof of life: the paused gateway's
    kernel still accepts, so what counts is a connection on which it has ever answered."""
    lines = subprocess.run(["ss", "-Htnpi", "state", "established", f"dport = :{port}"], capture_output=True, text=True).stdout
    rows = lines.splitlines()
    owned = [rows[at + 1] for at, row in enumerate(rows) if f"pid={pid}," in row and at + 1 < len(rows)]
    return any("bytes_received:" in detail for detail in owned)
