"""The gateway and NETCONF call home (RFC 8071): libnetconf2 and asyncssh dial in; the host key says who they are."""

import pytest

from programs import until


def enroll_key(gateway, name, key_text):
    gateway.run("enroll", name, "--no-secret", "--host-key", key_text, "--user", "homing")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_libnetconf2_device_is_known_by_its_host_key(gateway, call_home, make_key, kind):
    key = make_key("host", kind)
    enroll_key(gateway, "ln2", key.text)
    call_home(key)
    gateway.wait_up("ln2")
    reply = gateway.run("config", "get", "ln2").stdout
    assert "<enable-nacm>true</enable-nacm>" in reply
    device = gateway.device("ln2")
    assert device["session"]["fingerprint"] == key.fingerprint
    assert "urn:ietf:params:netconf:base:1.1" in device["session"]["capabilities"]


def test_a_large_number_of_rpcs_run_on_one_libnetconf2_session(gateway, call_home, make_key):
    key = make_key("host")
    enroll_key(gateway, "ln2", key.text)
    call_home(key)
    gateway.wait_up("ln2")
    epoch = gateway.device("ln2")["session"]["epoch"]
    for _ in range(20):
        assert "enable-nacm" in gateway.run("rpc", "ln2", "<get/>").stdout
    refused = gateway.run("rpc", "ln2", '<get-schema xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"><identifier>none</identifier></get-schema>', check=1)  # fmt: skip
    assert "rpc-error" in refused.stdout + refused.stderr or "error" in refused.stderr
    assert gateway.device("ln2")["session"]["epoch"] == epoch


def test_an_unknown_libnetconf2_device_waits_and_is_accepted_by_fingerprint(gateway, call_home, make_key):
    key = make_key("host")
    program = call_home(key)
    pending = until("a pending device", lambda: [d for d in gateway.devices() if d["state"] == "pending"])[0]
    assert pending["pending"]["fingerprint"] == key.fingerprint
    assert pending["device_id"] is None
    assert "session" not in program.output(), "nothing is sent to a device whose key nobody accepted"
    gateway.run("device", "accept", key.fingerprint, "--name", "ln2", "--user", "homing")
    gateway.wait_up("ln2", timeout=40)


def test_a_libnetconf2_device_with_another_key_is_not_the_device(gateway, call_home, make_key):
    enroll_key(gateway, "ln2", make_key("known").text)
    other = make_key("other")
    call_home(other)
    pending = until("a pending device", lambda: [d for d in gateway.devices() if d["state"] == "pending"])[0]
    assert pending["pending"]["fingerprint"] == other.fingerprint
    assert not gateway.is_up("ln2")


def test_a_libnetconf2_device_that_refuses_the_login_is_on_the_timeline(gateway, call_home, make_key):
    key = make_key("host")
    enroll_key(gateway, "ln2", key.text)
    call_home(key, authorized=make_key("nobody").public)
    entry = gateway.wait_code("ln2", "login-refused")
    assert entry["advice"]
    assert not gateway.is_up("ln2")


def test_an_asyncssh_device_calls_home(gateway, dial, loop):
    import pydevice

    device = pydevice.PyDevice(loop, gateway.port, authorized=[gateway.public_key])
    enroll_key(gateway, "reverse", device.key_text)
    device.start()
    gateway.wait_up("reverse")
    assert "<host-name>py</host-name>" in gateway.run("config", "get", "reverse").stdout
    assert device.logins[-1] == "homing"


def test_one_device_may_have_several_keys(gateway, dial, loop):
    import asyncssh

    first, second = (asyncssh.generate_private_key(kind) for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"))
    texts = [" ".join(key.export_public_key().decode().split()[:2]) for key in (first, second)]
    gateway.run("enroll", "two", "--no-secret", "--host-key", texts[0], "--host-key", texts[1], "--user", "homing")
    device = dial(key=first)
    gateway.wait_up("two")
    device.kill()
    until("the first is gone", lambda: not gateway.is_up("two"))
    dial(key=second)
    gateway.wait_up("two")


def test_a_known_hosts_file_brings_the_keys(gateway, dial, tmp_path):
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    text = " ".join(key.export_public_key().decode().split()[:2])
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"# a comment\nfiled,192.0.2.7 {text}\n")
    gateway.run("enroll", "filed", "--no-secret", "--known-hosts", known_hosts, "--user", "homing")
    dial(key=key)
    gateway.wait_up("filed")
