"""The gateway reads the initiation sequence of every known sender, however the network cuts it."""

import socket
import time

import pytest

import initiation
import pydevice
from programs import until


def enrolled(gateway, name="edge-1"):
    return gateway.secret_of(gateway.enroll(name))


def device_with(loop, gateway, opening=None, **more):
    """An enrolled device, its opening made by `opening(key text, secret)`."""
    secret = enrolled(gateway)
    device = pydevice.PyDevice(loop, gateway.port, "edge-1", secret=secret, authorized=[gateway.public_key], **more)
    if opening is not None:
        device.opening = opening(device.key_text, secret)
    return device.start()


def test_every_byte_in_a_segment_of_its_own(gateway, loop):
    device_with(loop, gateway, cuts="every byte", pause=0.002)
    gateway.wait_up("edge-1")
    assert "<host-name>py</host-name>" in gateway.run("config", "get", "edge-1").stdout


def test_cut_in_two_at_any_place(gateway, loop):
    """One device comes and goes, its opening cut one place further each time; the newest always takes over."""
    secret = enrolled(gateway)
    sample = pydevice.PyDevice(loop, gateway.port, "edge-1", secret=secret)
    length = len(sample.opening) + len("SSH-2.0-AsyncSSH_2.24.1\r\n")
    names = [f"cut-{at}" for at in range(1, length, 6)]
    for at, name in zip(range(1, length, 6), names):
        own = enrolled(gateway, name)
        pydevice.PyDevice(
            loop, gateway.port, name, secret=own, key=sample.key if at == 1 else None, authorized=[gateway.public_key],
            cuts=[at], pause=0.05,
        ).start()  # fmt: skip
    up = lambda: {d["name"] for d in gateway.devices() if d["state"] == "up"}  # noqa: E731
    until("every cut is up", lambda: set(names) <= up(), timeout=40)


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret, nul=True), id="with-nul"),
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret, nul=False), id="without-nul"),
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret, blank=False), id="no-blank-after-hmac"),
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret) + b"\r\n\r\n", id="blank-lines"),
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret) + b"NEW-LINE: of a later release\r\n", id="unknown-line"),
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret, mac=initiation.mac_of(secret, key).upper()), id="upper-case-hmac"),
        pytest.param(lambda key, secret: initiation.compose("edge-1", key, secret).replace(b"\r\n", b"\n"), id="lf-alone"),
    ],
)  # fmt: skip
def test_every_known_sender_is_understood(gateway, loop, opening):
    device = device_with(loop, gateway, opening)
    gateway.wait_up("edge-1")
    assert gateway.device("edge-1")["session"]["fingerprint"] == device.fingerprint


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_every_kind_of_host_key_is_vouched_for_and_proven(gateway, loop, kind):
    import asyncssh

    device_with(loop, gateway, key=asyncssh.generate_private_key(kind))
    gateway.wait_up("edge-1")


def test_three_lines_of_a_device_with_a_pinned_key(gateway, loop):
    device = pydevice.PyDevice(loop, gateway.port, "edge-1", authorized=[gateway.public_key])
    gateway.run("enroll", "edge-1", "--no-secret", "--host-key", device.key_text, "--user", "homing")
    assert device.opening.count(b"\n") == 3
    device.start()
    gateway.wait_up("edge-1")


def test_a_host_key_in_a_later_segment_belongs_to_the_initiation(gateway, loop):
    three_lines = len(initiation.compose("edge-1"))
    device_with(loop, gateway, cuts=[three_lines], pause=1.0)
    gateway.wait_up("edge-1")


def test_three_lines_of_an_unknown_device_wait_for_an_operator(gateway, loop):
    device = pydevice.PyDevice(loop, gateway.port, "stranger", authorized=[gateway.public_key]).start()
    pending = until("a pending device", lambda: [d for d in gateway.devices() if d["state"] == "pending"])[0]
    assert pending["device_id"] == "stranger"
    assert pending["pending"]["fingerprint"] == device.fingerprint
    assert device.logins == [], "nothing is sent to a device whose key nobody accepted"
    gateway.run("device", "accept", device.fingerprint, "--name", "stranger", "--user", "homing")
    if not gateway.is_up("stranger"):
        pydevice.PyDevice(loop, gateway.port, "stranger", key=device.key, authorized=[gateway.public_key]).start()
    gateway.wait_up("stranger")


def test_nine_kib_are_refused(gateway):
    with socket.create_connection((gateway.host, gateway.port)) as sock:
        sock.sendall(b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: edge-1\r\n")
        try:
            for _ in range(9):
                sock.sendall(b"PADDING: " + b"x" * 1013 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        entry = gateway.wait_event("initiation-too-long")
        assert entry["fault"] == "peer"
        assert_closes(sock, 15)


def test_silence_is_closed_after_ten_seconds_and_delays_nobody(gateway, loop):
    started = time.monotonic()
    with socket.create_connection((gateway.host, gateway.port)) as sock:
        device_with(loop, gateway)
        gateway.wait_up("edge-1", timeout=8)
        assert_closes(sock, 25)
    assert time.monotonic() - started >= 9
    gateway.wait_event("silent", "initiation-timeout")


def test_bytes_that_never_end_a_line_are_refused(gateway):
    with socket.create_connection((gateway.host, gateway.port)) as sock:
        try:
            for _ in range(200):
                sock.sendall(b"\x90" * 1024)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert_closes(sock, 25)


def test_tls_call_home_is_refused_by_name(gateway):
    with socket.create_connection((gateway.host, gateway.port)) as sock:
        sock.sendall(bytes.fromhex("160301003001000000"))
        gateway.wait_event("tls-unsupported")


def assert_closes(sock, timeout):
    sock.settimeout(timeout)
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
