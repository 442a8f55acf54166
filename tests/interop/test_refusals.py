"""Wrong secrets, wrong keys, clones: each ends as the policy says, with its line on the timeline."""

import asyncssh
import pytest

import initiation
import pydevice
from programs import configuration, login, stanza, until


def text_of(key):
    return " ".join(key.export_public_key().decode().split()[:2])


def new_key():
    return asyncssh.generate_private_key("ssh-ed25519")


def refused(gateway, name, *codes):
    entry = gateway.wait_code(name, *codes)
    assert entry["message"] and entry["fault"]
    assert not gateway.is_up(name)
    return entry


def test_a_wrong_secret_is_refused_with_advice(gateway, dial):
    gateway.enroll("edge-1")
    device = dial(device_id="edge-1", secret="not-the-one")
    entry = refused(gateway, "edge-1", "wrong-hmac")
    assert "enroll edge-1" in entry["advice"]
    assert gateway.device("edge-1")["state"] == "refused"
    assert device.logins == []


def test_the_agent_with_a_wrong_secret_is_refused(gateway, start_agent):
    gateway.enroll("edge-1")
    text = configuration(stanza(gateway.port, device_id="edge-1", secret="not-the-one"), login=login("homing", gateway.public_key))
    start_agent(text, "--ssh-server", "embedded")
    refused(gateway, "edge-1", "wrong-hmac")


def test_a_secret_is_known_but_none_was_sent(gateway, dial):
    gateway.enroll("edge-1")
    device = dial(device_id="edge-1")
    refused(gateway, "edge-1", "missing-hmac")
    assert device.logins == []


def test_a_key_that_was_vouched_for_but_is_not_the_one_of_the_key_exchange(gateway, dial):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    opening = initiation.compose("edge-1", text_of(new_key()), secret)
    device = dial(device_id="edge-1", opening=opening)
    refused(gateway, "edge-1", "key-mismatch")
    assert device.logins == []


def test_a_replayed_initiation_of_a_device_that_is_up_does_not_displace_it(gateway, dial):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    first = dial(device_id="edge-1", secret=secret)
    gateway.wait_up("edge-1")
    epoch = gateway.device("edge-1")["session"]["epoch"]
    dial(device_id="edge-1", opening=first.opening)  # has the lines, not the private key
    gateway.wait_code("edge-1", "key-mismatch")
    assert gateway.device("edge-1")["session"]["epoch"] == epoch
    assert "<host-name>py</host-name>" in gateway.run("config", "get", "edge-1").stdout


def test_a_changed_key_with_the_right_hmac_replaces_the_copy(gateway, dial):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    first = dial(device_id="edge-1", secret=secret)
    gateway.wait_up("edge-1")
    second = dial(device_id="edge-1", secret=secret)
    until("the new key is up", lambda: session_key(gateway) == second.fingerprint)
    gateway.wait_code("edge-1", "key-replaced")
    states = {key["fingerprint"]: key["state"] for key in gateway.json("device", "show", "edge-1")["keys"]}
    assert states == {first.fingerprint: "replaced", second.fingerprint: "pinned"}


def session_key(gateway):
    session = gateway.device("edge-1")["session"]
    return session and session["fingerprint"]


def test_a_changed_key_without_hmac_is_refused_and_both_keys_are_shown(gateway, dial):
    known, other = new_key(), new_key()
    gateway.run("enroll", "edge-1", "--no-secret", "--host-key", text_of(known), "--user", "homing")
    device = dial(device_id="edge-1", key=other)
    entry = refused(gateway, "edge-1", "key-changed")
    assert device.logins == []
    shown = gateway.json("device", "show", "edge-1")
    assert shown["pending"]["fingerprint"] == other.get_fingerprint()
    assert [key["fingerprint"] for key in shown["keys"]] == [known.get_fingerprint()]
    assert entry["advice"]
    gateway.run("device", "accept", other.get_fingerprint())
    if not gateway.is_up("edge-1"):
        dial(device_id="edge-1", key=other)
    gateway.wait_up("edge-1")


def test_an_hmac_of_an_unknown_device_waits_for_an_operator(gateway, dial):
    device = dial(device_id="stranger", secret="whatever")
    pending = until("a pending device", lambda: [d for d in gateway.devices() if d["state"] == "pending"])[0]
    assert (pending["device_id"], pending["pending"]["fingerprint"]) == ("stranger", device.fingerprint)
    assert device.logins == []


def test_a_rejected_device_stays_out(gateway, dial):
    device = dial(device_id="stranger")
    until("a pending device", lambda: [d for d in gateway.devices() if d["state"] == "pending"])
    gateway.run("device", "reject", device.fingerprint)
    again = dial(device_id="stranger", key=device.key)
    until("it is turned away", lambda: again.lost.is_set(), timeout=40)
    assert again.logins == []
    assert not any(d["state"] in ("up", "pending") for d in gateway.devices())


def test_two_boxes_with_one_cloned_key_raise_an_alarm_and_don_t_fight_for_ever(gateway, loop):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    key = new_key()
    boxes = [pydevice.PyDevice(loop, gateway.port, "edge-1", secret=secret, key=key, authorized=[gateway.public_key]) for _ in range(2)]
    tasks = [loop.spawn(box.keep_dialling()) for box in boxes]
    try:
        entry = gateway.wait_code("edge-1", "duplicate-device", timeout=40)
        assert entry["advice"]
        assert gateway.is_up("edge-1")
    finally:
        for task in tasks:
            task.cancel()


def test_one_key_under_two_device_ids_is_not_let_in_twice(gateway, dial):
    key = new_key()
    first = gateway.secret_of(gateway.enroll("edge-1"))
    second = gateway.secret_of(gateway.enroll("edge-2"))
    dial(device_id="edge-1", secret=first, key=key)
    gateway.wait_up("edge-1")
    dial(device_id="edge-2", secret=second, key=key)
    refused(gateway, "edge-2", "cloned-key", "duplicate-device")
    assert gateway.is_up("edge-1")


def test_a_login_that_is_refused_names_the_user(gateway, dial):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    dial(device_id="edge-1", secret=secret, authorized=[])
    entry = refused(gateway, "edge-1", "login-refused")
    assert "homing" in entry["message"] + entry["advice"]


@pytest.mark.parametrize(
    ("netconf", "code"), [("no subsystem", "no-netconf"), ("no channel", "channel-refused")], ids=["subsystem", "channel"]
)
def test_a_device_without_netconf_says_so(gateway, dial, netconf, code):
    secret = gateway.secret_of(gateway.enroll("edge-1"))
    dial(device_id="edge-1", secret=secret, netconf=netconf)
    refused(gateway, "edge-1", code)
