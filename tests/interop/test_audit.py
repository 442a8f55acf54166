"""The audit trail and recordings, read by programs that nobody here wrote."""

import hashlib
import json
import re
import subprocess
import sys

import pytest
import syslog_rfc5424_parser

import doorway
from programs import ROOT, until
from test_door_openssh import Typist, rpc, HELLO

SECRETS = ("hunter-seven", "$9$hunterEight", "hunter-nine", "$6$hunter$ten")


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A gateway that records the terminal sessions of admins, with one device."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMING_RECORDINGS_ROLES", "admin")
        house = doorway.Doorway(tmp_path_factory.mktemp("audit"))
    try:
        house.add(doorway.EMBEDDED, "embedded")
        yield house
    finally:
        house.stop()


def recording(door):
    """The one finished recording."""
    found = json.loads(door.gateway.run("-o", "json", "audit", "replay").stdout)
    return found[0] if found and found[0]["finished"] else None


@pytest.fixture(scope="module")
def recorded(door):
    """A terminal session on the device, and its recording."""
    shell = Typist(["ssh", "-F", "none", "-tt", *door.options(doorway.EMBEDDED), door.host])
    shell.type("echo re''corded: Zür''ich\n")
    shell.expect("recorded: Zürich")
    shell.type("exit\n")
    shell.end()
    return until("the recording is finished", lambda: recording(door))


def test_a_recording_is_played_by_asciinema(door, recorded, tmp_path):
    file = tmp_path / "session.cast"
    file.write_text(door.gateway.run("audit", "replay", recorded["id"]).stdout)
    header = json.loads(file.read_text().splitlines()[0])
    assert (header["version"], header["width"], header["height"]) == (2, 101, 33)
    played = subprocess.run([sys.executable, "-m", "asciinema", "cat", file], capture_output=True, text=True, timeout=60)
    assert played.returncode == 0, played.stderr
    assert "recorded: Zürich" in played.stdout
    [stored] = (door.gateway.data / "recordings").glob("*.cast")
    assert stored.stat().st_mode & 0o777 == 0o600
    [finished] = door.gateway.audit("--action", "recording-finished")
    assert finished["fields"]["sha256"] == hashlib.sha256(stored.read_bytes()).hexdigest()


def test_a_recording_is_played_on_a_terminal(door, recorded):
    player = Typist(["homing", "audit", "replay", recorded["id"], "--speed", "100"], env=door.environment)
    player.expect("recorded: Zürich")
    assert player.end() == 0


def test_the_entries_of_a_session_belong_together(door, recorded):
    of_session = [entry for entry in door.gateway.audit() if entry.get("session") == recorded["session"]]
    actions = [entry["action"] for entry in of_session]
    assert actions[0] == "channel-opened" and {"channel-closed", "recording-finished"} <= set(actions)
    opened = of_session[0]
    assert (opened["operator"], opened["via"], opened["device"]) == ("ops", "ssh", doorway.EMBEDDED)
    assert opened["fields"]["recording"] == recorded["id"]
    closed = next(entry for entry in of_session if entry["action"] == "channel-closed")
    assert closed["bytes_out"] > 20 and closed["fields"]["exit-status"] == "0"
    logins = door.gateway.audit("--action", "login", "--operator", "ops")
    assert logins and logins[0]["fields"]["credential"].startswith("key SHA256:")


def test_no_secret_is_stored_anywhere(door, tmp_path):
    seven, eight, nine, ten = SECRETS
    load = (
        f"<load-configuration action='set'><configuration-set>set system x encrypted-password {ten}</configuration-set></load-configuration>"
        f"<!-- password {nine} -->"
    )
    edit = (
        "<edit-config><target><candidate/></target><config><system xmlns='urn:x'>"
        f"<password>{seven}</password><secret>{eight}</secret></system></config></edit-config>"
    )
    text = HELLO + rpc(1, edit) + rpc(2, load) + rpc(3, "<close-session/>")
    door.ssh(doorway.EMBEDDED, "netconf", options=["-s"], stdin=text, check=None)
    door.ssh(doorway.EMBEDDED, f"echo set password {nine} '{eight}'")
    told = until("the trail tells of them", lambda: door.gateway.audit("echo set password"))
    assert "echo set password (secret)" in told[0]["operation"]
    rpcs = [(entry["operation"], entry["result"]) for entry in door.gateway.audit("--action", "rpc")]
    assert ("edit-config", "begun") in rpcs and ("load-configuration", "begun") in rpcs, rpcs
    door.gateway.run("audit", "verify")
    stored = b"".join(file.read_bytes() for file in door.gateway.data.glob("homing.db*"))
    export = door.gateway.run("audit", "export").stdout + door.gateway.run("audit", "export", "--format", "syslog").stdout
    for secret in SECRETS:
        assert secret.encode() not in stored and secret not in export, secret


def test_an_export_is_verified_by_the_program_in_the_documentation(door, recorded):
    page = (ROOT / "docs" / "audit.md").read_text()
    program = re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1)
    export = door.gateway.run("audit", "export").stdout
    assert export.count("\n") > 5

    def verify(text):
        return subprocess.run([sys.executable, "-c", program], input=text, capture_output=True, text=True, timeout=30)

    done = verify(export)
    assert done.returncode == 0, done.stderr
    forged = export.replace('"operator":"ops"', '"operator":"eve"', 1)
    assert "AssertionError" in verify(forged).stderr


def test_the_syslog_form_is_read_by_another_parser(door, recorded):
    lines = door.gateway.run("audit", "export", "--format", "syslog").stdout.splitlines()
    read = [syslog_rfc5424_parser.SyslogMessage.parse(line) for line in lines]
    assert {message.facility.name for message in read} == {"audit"}
    logins = [message for message in read if message.msgid == "login"]
    assert logins[0].sd["homing@32473"]["operator"] == "ops"
    assert [int(message.sd["homing@32473"]["id"]) for message in read] == list(range(1, len(read) + 1))


def test_who_tries_what_it_may_not_is_found(door):
    door.add_user("jane", "viewer")
    as_jane = ["-o", f"User=jane:{doorway.EMBEDDED}", "-o", f"IdentityFile={door.key_of('jane')}"]
    done = door.ssh(doorway.EMBEDDED, "request system reboot", options=as_jane, check=None)
    assert done.returncode != 0 and "configurator" in done.stderr
    [denied] = until("the refusal is told", lambda: door.gateway.audit("--operator", "jane", "--action", "channel-opened", "--result", "refused"))
    assert (denied["result"], denied["device"]) == ("refused:access-denied", doorway.EMBEDDED)
    assert denied["operation"] == "exec request system reboot"
