"""Devices and gateways that die in the middle, and two hundred devices at once."""

import subprocess
import threading
import time

import asyncssh

import programs
import pydevice
from programs import configuration, login, stanza, until


def run_in_background(gateway, *arguments):
    command = [programs.BINARIES / "homing", "--socket", gateway.socket, *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_device_killed_before_its_reply_leaves_the_outcome_unknown(gateway, dial):
    device = pydevice.up_device(gateway, dial)
    running = run_in_background(gateway, "rpc", "edge-1", "get-nothing")
    assert device.busy.wait(10)
    device.kill()
    stdout, stderr = running.communicate(timeout=20)
    assert running.returncode == 7, stderr
    assert stdout == ""
    assert gateway.device("edge-1")["state"] == "down"
    gateway.wait_code("edge-1", "session-closed", "device-lost", "closed")


def test_a_device_killed_in_the_middle_of_its_reply_leaves_the_outcome_unknown(gateway, dial):
    device = pydevice.up_device(gateway, dial)
    running = run_in_background(gateway, "rpc", "edge-1", "get-half")
    assert device.busy.wait(10)
    time.sleep(0.3)
    device.kill()
    _, stderr = running.communicate(timeout=20)
    assert running.returncode == 7, stderr
    assert "homing device log edge-1" in stderr


def test_an_rpc_for_a_device_that_is_away_says_offline(gateway, dial):
    device = pydevice.up_device(gateway, dial)
    device.kill()
    until("it is down", lambda: gateway.device("edge-1")["state"] == "down")
    gateway.run("rpc", "edge-1", "get-system-information", check=6)
    gateway.run("rpc", "nobody", "get-system-information", check=5)


def test_other_operators_don_t_notice_an_rpc_that_never_ends(gateway, dial):
    pydevice.up_device(gateway, dial)
    secret = gateway.secret_of(gateway.enroll("edge-2"))
    dial(device_id="edge-2", secret=secret)
    gateway.wait_up("edge-2")
    running = run_in_background(gateway, "rpc", "edge-1", "get-nothing", "--timeout", "3s")
    assert "py" in gateway.run("config", "get", "edge-2").stdout
    _, stderr = running.communicate(timeout=20)
    assert running.returncode == 7, stderr


def test_a_killed_gateway_comes_back_with_all_it_knew(gateway, start_agent):
    secret = gateway.secret_of(gateway.enroll("edge-1", "--tag", "site=lab"))
    text = configuration(stanza(gateway.port, device_id="edge-1", secret=secret), login=login("homing", gateway.public_key))
    start_agent(text, "--ssh-server", "embedded")
    gateway.wait_up("edge-1")
    before = gateway.log_of("edge-1")
    key = gateway.public_key
    gateway.kill()
    gateway.start()
    gateway.wait_up("edge-1")
    assert gateway.public_key == key
    assert gateway.device("edge-1")["tags"] == {"site": "lab"}
    after = gateway.log_of("edge-1")
    assert after[: len(before)] == before and len(after) > len(before)
    assert gateway.run("rpc", "edge-1", "get-system-information").returncode == 0


def test_a_gateway_killed_in_mid_rpc_is_reported_as_outcome_unknown(gateway, dial):
    device = pydevice.up_device(gateway, dial)
    running = run_in_background(gateway, "rpc", "edge-1", "get-nothing")
    assert device.busy.wait(10)
    gateway.kill()
    _, stderr = running.communicate(timeout=20)
    assert running.returncode == 7, stderr
    assert device.lost.wait(10)


def test_a_stopped_gateway_ends_soon_and_tells_the_devices(gateway, dial):
    device = pydevice.up_device(gateway, dial)
    gateway.process.terminate()
    assert gateway.process.wait(15) == 0
    assert device.lost.wait(5)


def test_two_hundred_devices_at_once(gateway, loop):
    names = [f"dev-{number:03}" for number in range(200)]
    key_of = {name: asyncssh.generate_private_key("ssh-ed25519") for name in names}
    secret_of = {}

    def enroll(some):
        for name in some:
            secret_of[name] = gateway.secret_of(gateway.enroll(name))

    threads = [threading.Thread(target=enroll, args=(names[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    allowed = [gateway.public_key]
    devices = [
        pydevice.PyDevice(loop, gateway.port, name, secret=secret_of[name], key=key_of[name], authorized=allowed)
        for name in names
    ]
    for device in devices:
        device.start()
    up = lambda: [d["name"] for d in gateway.devices() if d["state"] == "up"]  # noqa: E731
    until("all 200 are up", lambda: len(up()) == 200, timeout=40, pause=0.5)
    assert gateway.json("status")["devices"]["up"] == 200
    assert "py" in gateway.run("config", "get", "dev-137").stdout
