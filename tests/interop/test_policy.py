"""What an operator may not, no device sees: a device made with asyncssh tells which operations have come to it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import programs
import pydevice

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
END = b"]]>]]>"
HELLO = f'<hello xmlns="{BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>'


@pytest.fixture
def place(tmp_path, ended, loop, make_key):
    return Place(tmp_path, ended, loop, make_key)


class Place:
    """A gateway with its door, the device `edge-1`, and users with a role each."""

    def __init__(self, folder, ended, loop, make_key):
        config = '[http]\nlisten = ["http://127.0.0.1:0"]\n'
        self.gateway = programs.Gateway(folder, config=config)
        ended.append(self.gateway)
        self.gateway.start()
        secret = self.gateway.secret_of(self.gateway.enroll("edge-1"))
        self.device = pydevice.PyDevice(
            loop, self.gateway.port, "edge-1", secret=secret, authorized=[self.gateway.public_key]
        ).start()
        self.gateway.wait_up("edge-1")
        status = self.gateway.json("status")
        self.host, port = status["front_door"]["addresses"][0].rsplit(":", 1)
        self.port, self.url = int(port), status["http"]["addresses"][0]
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"[{self.host}]:{self.port} {status['front_door']['host_key']}\n")
        self.keys = {}
        for user, role in (("ann", "viewer"), ("bob", "configurator")):
            self.keys[user] = make_key(user)
            self.gateway.run("user", "add", user, "--role", role)
            self.gateway.run("user", "key", "add", user, self.keys[user].text)

    def ssh(self, user, *words, flags=("-T",)):
        options = [f"User={user}:edge-1", f"Port={self.port}", f"IdentityFile={self.keys[user].path}", "IdentitiesOnly=yes"]
        options += [f"UserKnownHostsFile={self.known_hosts}", "StrictHostKeyChecking=yes", "BatchMode=yes", "LogLevel=ERROR"]
        return ["ssh", "-F", "none", *flags, *[w for o in options for w in ("-o", o)], self.host, *words]

    def exchange(self, user, *messages):
        """Sends the messages in one piece on a NETCONF channel; returns the replies."""
        text = b"".join(message.encode() + END for message in (HELLO, *messages, '<rpc message-id="0"><close-session/></rpc>'))
        done = subprocess.run(self.ssh(user, "-s", "netconf"), input=text, capture_output=True, timeout=30)
        hello, *replies, closed, _ = done.stdout.split(END)
        assert b"<session-id>4711</session-id>" in hello and b'message-id="0"><ok/>' in closed, done
        return [reply.decode() for reply in replies]

    def rpc(self, token, operation):
        """An RPC over HTTP: status and body."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/devices/edge-1/rpc", operation.encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


GET = '<rpc message-id="1"><get-config><source><running/></source></get-config></rpc>'
EDIT = '<rpc message-id="2" xmlns:x="urn:x" x:y="z"><edit-config><target><candidate/></target></edit-config></rpc>'


def test_on_the_door_a_viewer_looks_and_is_denied_the_rest(place):
    got, denied, again = place.exchange("ann", GET, EDIT, GET.replace('"1"', '"3"'))
    assert "<host-name>py</host-name>" in got and 'message-id="1"' in got
    assert "<error-tag>access-denied</error-tag>" in denied and 'message-id="2"' in denied and 'x:y="z"' in denied
    assert "needs role configurator" in denied
    assert "<host-name>py</host-name>" in again
    assert place.device.operations == ["get-config", "get-config", "close-session"]
    place.device.operations.clear()
    (answered,) = place.exchange("bob", EDIT)
    assert "operation-not-supported" in answered, "the device's own answer"
    assert place.device.operations == ["edit-config", "close-session"]


@pytest.mark.parametrize(
    "message",
    [
        f'<x:rpc xmlns:x="{BASE}" message-id="1"><x:edit-config/></x:rpc>',
        '<rpc message-id="1"><get/><edit-config/></rpc>',
        '<rpc message-id="1"><get/></rpc><rpc message-id="2"><edit-config/></rpc>',
        '<rpc message-id="1"><y:get xmlns:y="urn:other"/></rpc>',
        '<rpc message-id="1"><!--><get/>--><edit-config/></rpc>',
        '<!DOCTYPE x [<!ENTITY a "<edit-config/>">]><rpc message-id="1">&a;</rpc>',
        '<rpc message-id="1"><command><![CDATA[show version | save /x]]></command></rpc>',
        '<rpc message-id="1"><command>show version&#10;request system reboot</command></rpc>',
        '<rpc message-id="1"><load-configuration url="http://127.0.0.1/x"/></rpc>',
        '<rpc message-id="1"><get-config><source><url>http://127.0.0.1/x</url></source></get-config></rpc>',
        '<rpc message-id="1"><get/><!-- ]]>]]><rpc message-id="2"><edit-config/></rpc>]]>]]> --></rpc>',
    ],
)  # fmt: skip
def test_on_the_door_tricks_get_nowhere(place, message):
    replies = place.exchange("ann", message)
    assert all("rpc-error" in reply for reply in replies) and replies
    assert place.device.operations == ["close-session"]


def test_ncclient_sees_the_gateway_s_refusal_as_the_device_s(place):
    script = """
import sys
from ncclient import manager
from ncclient.operations import RPCError
host, port, key = sys.argv[1:]
with manager.connect_ssh(host=host, port=int(port), username="ann:edge-1", key_filename=key, hostkey_verify=False,
                         allow_agent=False, look_for_keys=False, timeout=20, device_params={"name": "default"}) as session:
    print(session.get_config(source="running"))
    try:
        session.edit_config(target="candidate", config="<config/>")
    except RPCError as error:
        print("REFUSED", error.tag, error.type, error.message)
    print("AGAIN", session.get_config(source="running"))
"""
    line = [sys.executable, "-c", script, place.host, str(place.port), str(place.keys["ann"].path)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "<host-name>py</host-name>" in done.stdout and "AGAIN" in done.stdout
    assert "REFUSED access-denied application" in done.stdout
    assert "edit-config" not in place.device.operations


def test_a_command_on_a_channel_of_its_own_is_judged_too(place):
    for words in (["show version | save /x"], ["show version; reboot"], ["reboot"]):
        done = subprocess.run(place.ssh("ann", *words), capture_output=True, text=True, timeout=30)
        assert done.returncode == 255 and "needs role configurator" in done.stderr, done
    done = subprocess.run(place.ssh("ann", "-s", "netconf", flags=["-tt"]), input=b"", capture_output=True, timeout=30)
    assert done.returncode == 255 and b"without a terminal" in done.stderr, done


def test_over_the_api_the_same_holds(place):
    token = place.gateway.run("token", "create", "--user", "ann").stdout.split()[0]
    place.device.operations.clear()
    status, body = place.rpc(token, "<get-config><source><running/></source></get-config>")
    assert status == 200 and "<host-name>py</host-name>" in body
    status, body = place.rpc(token, "<edit-config><target><candidate/></target></edit-config>")
    assert status == 403 and json.loads(body)["code"] == "access-denied"
    status, body = place.rpc(token, "<get/></rpc><rpc><edit-config/>")
    assert status == 400
    assert place.device.operations == ["get-config"]


def test_the_audit_trail_tells_of_every_rpc_and_of_no_secret(place):
    secret = '<rpc message-id="9"><command>set x password hush-hush</command></rpc>'
    place.exchange("ann", GET, EDIT, secret)
    place.exchange("bob", EDIT)
    entries = programs.until("all is told", lambda: len(found := place.gateway.audit("--action", "rpc")) >= 7 and found)
    told = [(e["operator"], e.get("operation"), e["result"]) for e in entries if e.get("operation") != "close-session"]
    assert ("ann", "get-config", "ok") in told
    assert ("ann", "edit-config", "refused:access-denied") in told
    assert ("ann", "command", "refused:access-denied") in told
    assert told.index(("bob", "edit-config", "begun")) < told.index(("bob", "edit-config", "error"))
    assert "hush-hush" not in json.dumps(entries) and "hush-hush" not in place.gateway.output()
    assert all(e["device"] == "edge-1" and e["session"] for e in entries)


def test_sessions_that_end_one_after_the_other_leave_the_device_its_connection(place):
    """A second end of input on a channel makes some SSH servers, asyncssh among them, end the whole connection."""
    for _ in range(40):
        assert len(place.exchange("ann", GET, EDIT, GET)) == 3
    assert place.gateway.codes("edge-1").count("in-session") == 1
