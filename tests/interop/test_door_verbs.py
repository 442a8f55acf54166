"""The operator's verbs that run the system's ssh and scp."""

import json
import os
import socket
import subprocess
import time

import pytest

from doorway import EMBEDDED, OPENSSH, run
from programs import free_port, until
from test_door_openssh import HELLO, Typist, rpc

each_device = pytest.mark.parametrize("device", [OPENSSH, EMBEDDED])


@each_device
def test_homing_ssh_runs_a_command_and_ends_as_it_does(door, device):
    done = door.homing("ssh", device, *door.as_operator(), "--", "echo out; echo err >&2; exit 7", check=7)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_homing_ssh_is_a_shell_on_a_terminal(door):
    line = ["homing", "ssh", EMBEDDED, *door.as_operator()]
    shell = Typist(line, env=door.environment)
    shell.type("stty size; echo re''ady; exit 4\n")
    shell.expect("ready")
    assert shell.end() == 4 and "33 101" in shell.seen


def test_homing_netconf_is_a_session(door):
    said = HELLO + rpc(1, "<get-system-information/>") + rpc(2, "<close-session/>")
    done = door.homing("netconf", EMBEDDED, *door.as_operator(), stdin=said, check=None)
    assert f"<host-name>{EMBEDDED}</host-name>" in done.stdout, done.stderr


@each_device
def test_homing_cp_copies_both_ways(door, device, tmp_path):
    (tmp_path / "a").write_bytes(os.urandom(100_000))
    there = f"{device}:{tmp_path}/there"
    door.homing("-q", "cp", *door.as_operator(), tmp_path / "a", there)
    door.homing("-q", "cp", *door.as_operator(), there, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert "from device to device" in door.homing("cp", f"{device}:a", "other:b", check=2).stderr


def test_homing_forward_leads_to_a_port_behind_the_device(door):
    server = socket.create_server(("127.0.0.1", 0))
    local = free_port()
    words = ["forward", OPENSSH, f"{local}:127.0.0.1:{server.getsockname()[1]}", *door.as_operator()]
    forward = subprocess.Popen(["homing", *map(str, words)], env=door.environment, stderr=subprocess.DEVNULL)
    try:
        until("the port is forwarded", lambda: socket.socket().connect_ex(("127.0.0.1", local)) == 0)
        server.settimeout(10)
        server.accept()[0].close()  # The probe above.
        with socket.create_connection(("127.0.0.1", local)) as near:
            far, _ = server.accept()
            near.sendall(b"hello")
            assert far.recv(5) == b"hello"
            far.close()
    finally:
        forward.terminate()
        forward.wait(5)


def test_a_device_that_is_away_ends_with_255_and_is_waited_for(door):
    agent = door.add("late-1", "embedded", start=False)
    done = door.homing("ssh", "late-1", *door.as_operator(), "--", "true", check=255)
    assert done.stderr.splitlines()[0] == "homing: late-1 has not called home yet"
    done = door.homing("ssh", "late-1", "--wait", "1s", *door.as_operator(), "--", "true", check=255)
    assert "late-1 has not called home yet" in done.stderr
    words = ["homing", "ssh", "late-1", "--wait", "30s", *map(str, door.as_operator()), "--", "echo", "here"]
    waiting = subprocess.Popen(words, env=door.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    agent.start()
    assert waiting.communicate(timeout=30)[0] == "here\n"
    agent.stop()
    until("late-1 left", lambda: not door.gateway.is_up("late-1"))
    done = door.homing("proxy", "late-1", check=255)
    assert "late-1 is not connected: it left" in done.stderr
    done = door.homing("ssh", "late-2", check=5)
    assert "did you mean late-1?" in done.stderr


def test_ssh_reads_the_blocks_of_ssh_config(door, tmp_path):
    config = tmp_path / "config"
    more = f"Host *\n  IdentityFile {door.key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
    for flags in ([], ["--proxy"]):
        config.write_text(door.homing("ssh-config", *flags).stdout + more)
        done = run(["ssh", "-F", config, f"{OPENSSH}.homing", "echo by name"], env=door.environment)
        assert done.stdout == "by name\n"
    line = door.homing("ssh-config", "--known-hosts").stdout
    assert line == f"[{door.host}]:{door.port} {' '.join(door.host_key.split()[:2])}\n"


def test_a_door_with_another_key_is_not_trusted(door, make_key):
    cache = door.home / "cache" / "homing"
    door.homing("ssh", OPENSSH, *door.as_operator(), "--", "true")
    (file,) = cache.iterdir()
    right = file.read_text()
    config = ["--ssh-option", f"UserKnownHostsFile={make_key('x').path}.known"]
    wrong = f"{right.split()[0]} {make_key('other').text}\n"
    (file.parent.parent / "wrong").write_text(wrong)
    words = ["--ssh-option", f"UserKnownHostsFile={file.parent.parent}/wrong"]
    done = door.homing("ssh", OPENSSH, *words, *door.as_operator(), "--", "true", check=255)
    assert "verification failed" in done.stderr.lower()


def test_the_inventory_names_every_device_and_how_to_reach_it(door):
    listed = json.loads(door.homing("ansible-inventory", "--list").stdout)
    assert {OPENSSH, EMBEDDED} <= set(listed["homing_up"]["hosts"]) and OPENSSH in listed["site_fra"]["hosts"]
    one = json.loads(door.homing("ansible-inventory", "--host", OPENSSH).stdout)
    assert one == listed["_meta"]["hostvars"][OPENSSH]
    assert (one["ansible_host"], one["ansible_port"], one["ansible_user"]) == (door.host, door.port, f"ops:{OPENSSH}")
    door.homing("ansible-inventory", "--host", "nobody", check=5)
