"""Who gets in at the front door and what they may there, with OpenSSH: several keys, certificates, one-time passwords, grants that go."""

import itertools
import json
import subprocess
import time

import pytest

from doorway import EMBEDDED, Doorway, run
from programs import until
from test_door_openssh import Typist


def keygen(*words):
    subprocess.run(["ssh-keygen", "-q", *map(str, words)], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway that takes certificates of one authority, and a device of the site fra."""
    folder = tmp_path_factory.mktemp("logins")
    keygen("-t", "ed25519", "-N", "", "-f", folder / "ca")
    authority = " ".join((folder / "ca.pub").read_text().split()[:2])
    house = Doorway(folder, config=f'[front_door]\nuser_ca = ["{authority}"]\n')
    try:
        house.add(EMBEDDED, "embedded")
        yield house
    finally:
        house.stop()


numbers = itertools.count(2)


def elsewhere():
    """From an address of its own: failures of one source close the door to it for a while."""
    number = next(numbers)
    return ["-o", f"BindAddress=127.0.{number // 200}.{number % 200 + 2}"]


def add(house, name, *words):
    house.gateway.run("user", "add", name, *words)


def ssh(house, user, key, *command, check=0, options=()):
    """ssh as a user with one key and nothing else."""
    line = ["ssh", "-F", "none", *elsewhere(), *options, *house.options(EMBEDDED, user=user), house.host, *command]
    line = [f"IdentityFile={key}" if str(word).startswith("IdentityFile=") else word for word in line]
    return run(line, check=check)


def asked(house, user, password, check=0):
    """ssh as a user who is asked for a password."""
    program = house.folder / "ask"
    program.write_text(f"#!/bin/sh\necho '{password}'\n")
    program.chmod(0o700)
    words = [word for word in house.options(EMBEDDED, user=user) if word not in ("BatchMode=yes",)]
    words = [word for i, word in enumerate(words) if not (word == "-o" and words[i + 1 : i + 2] in (["-o"], []))]
    only = [*elsewhere(), "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1"]
    env = {**house.environment, "SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    return run(["ssh", "-F", "none", *only, *words, house.host, "show version"], check=check, env=env)


def test_each_of_several_keys_lets_in_until_it_is_removed(house):
    add(house, "ann", "--role", "configurator")
    keys = []
    for kind in ("ed25519", "ecdsa", "rsa"):
        key = house.folder / f"ann-{kind}"
        keygen("-t", kind, "-N", "", "-C", f"ann@{kind}", "-f", key)
        house.gateway.run("user", "key", "add", "ann", "--file", f"{key}.pub")
        keys.append(key)
    for key in keys:
        assert ssh(house, "ann", key, "echo in").stdout == "in\n"
    shown = json.loads(house.gateway.run("-o", "json", "user", "show", "ann").stdout)
    assert all(key["last_used"] for key in shown["keys"]), shown
    gone = next(key["fingerprint"] for key in shown["keys"] if key["comment"] == "ann@rsa")
    house.gateway.run("user", "key", "rm", "ann", gone)
    assert "Permission denied" in ssh(house, "ann", keys[2], "echo in", check=255).stderr
    assert ssh(house, "ann", keys[0], "echo in").stdout == "in\n"


def test_a_certificate_is_for_its_principal_and_its_time(house):
    add(house, "cay", "--role", "configurator")
    for name, *more in (("good", "-n", "cay"), ("other", "-n", "root"), ("old", "-n", "cay", "-V", "-2h:-1h"), ("none",)):
        key = house.folder / f"cert-{name}"
        keygen("-t", "ed25519", "-N", "", "-f", key)
        keygen("-s", house.folder / "ca", "-I", f"{name}@example.net", *more, f"{key}.pub")
    assert ssh(house, "cay", house.folder / "cert-good", "echo in").stdout == "in\n"
    for name in ("other", "old", "none"):
        assert "Permission denied" in ssh(house, "cay", house.folder / f"cert-{name}", "echo in", check=255).stderr, name
    keygen("-t", "ed25519", "-N", "", "-f", house.folder / "ca2")
    keygen("-t", "ed25519", "-N", "", "-f", house.folder / "cert-stranger")
    keygen("-s", house.folder / "ca2", "-I", "x", "-n", "cay", house.folder / "cert-stranger.pub")
    assert "Permission denied" in ssh(house, "cay", house.folder / "cert-stranger", "echo in", check=255).stderr


def test_a_one_time_password_is_good_once_and_void_after_five_tries(house):
    add(house, "otto", "--role", "viewer")
    password = house.gateway.run("user", "password", "otto").stdout.strip()
    done = asked(house, "otto", password, check=None)
    assert "Permission denied" not in done.stderr, done.stderr
    assert "Permission denied" in asked(house, "otto", password, check=255).stderr
    password = house.gateway.run("user", "password", "otto").stdout.strip()
    for _ in range(5):
        assert "Permission denied" in asked(house, "otto", "0000-0000-0000-0000", check=255).stderr
    assert "Permission denied" in asked(house, "otto", password, check=255).stderr


def test_a_viewer_has_no_shell_and_is_told_what_it_needs(house):
    add(house, "vic", "--role", "viewer")
    key = house.folder / "vic"
    keygen("-t", "ed25519", "-N", "", "-f", key)
    house.gateway.run("user", "key", "add", "vic", "--file", f"{key}.pub")
    done = ssh(house, "vic", key, "rm -rf /nothing", check=255)
    assert "needs role configurator" in done.stderr, done.stderr
    house.gateway.run("user", "grant", "vic", "configurator", "--on", "site=lon")
    assert "needs role configurator" in ssh(house, "vic", key, "id", check=255).stderr
    house.gateway.run("user", "grant", "vic", "configurator", "--on", f"name={EMBEDDED}")
    assert ssh(house, "vic", key, "echo in").stdout == "in\n"


@pytest.mark.parametrize("taken", ["grant", "key", "user"])
def test_what_is_taken_away_ends_the_shell_that_is_open(house, taken):
    name = f"tess-{taken}"
    add(house, name, "--role", "configurator")
    key = house.folder / name
    keygen("-t", "ed25519", "-N", "", "-f", key)
    user = json.loads(house.gateway.run("-o", "json", "user", "key", "add", name, "--file", f"{key}.pub").stdout)
    line = ["ssh", "-F", "none", "-tt", *house.options(EMBEDDED, user=name), house.host]
    typist = Typist([f"IdentityFile={key}" if str(word).startswith("IdentityFile=") else word for word in line])
    typist.type("echo $((6*7))\n")
    typist.expect("42")
    away = {"grant": ("revoke", name, "1"), "key": ("key", "rm", name, user["keys"][0]["fingerprint"]), "user": ("rm", name)}
    began = time.monotonic()
    house.gateway.run("user", *away[taken])
    typist.expect("needs role configurator" if taken == "grant" else "removed from the gateway")
    assert typist.end() == 255
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("taken", ["key", "user"])
def test_what_is_taken_away_ends_a_connection_without_a_channel(house, taken):
    """A connection of which nobody asked anything yet, as a ControlMaster keeps one."""
    name = f"idle-{taken}"
    add(house, name, "--role", "configurator")
    key = house.folder / name
    keygen("-t", "ed25519", "-N", "", "-f", key)
    user = json.loads(house.gateway.run("-o", "json", "user", "key", "add", name, "--file", f"{key}.pub").stdout)
    line = ["ssh", "-F", "none", "-N", *elsewhere(), *house.options(EMBEDDED, user=name), house.host]
    line = [f"IdentityFile={key}" if str(word).startswith("IdentityFile=") else word for word in line]

    def told(action):
        return house.gateway.audit("--action", action, "--operator", name)

    idle = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=house.environment)
    try:
        until("it is logged in", lambda: told("login"))
        away = {"key": ("key", "rm", name, user["keys"][0]["fingerprint"]), "user": ("rm", name)}
        house.gateway.run("user", *away[taken])
        _, said = idle.communicate(timeout=60)
        assert idle.returncode == 255
        assert "removed from the gateway" in said, said
        left = until("its end is told", lambda: told("logout"))
        assert "removed" in left[-1]["message"], left
    finally:
        idle.kill()
        idle.wait()


def test_a_grant_that_is_over_ends_the_login_by_itself(house):
    add(house, "brief", "--role", "configurator", "--expires", "4s")
    key = house.folder / "brief"
    keygen("-t", "ed25519", "-N", "", "-f", key)
    house.gateway.run("user", "key", "add", "brief", "--file", f"{key}.pub")
    assert ssh(house, "brief", key, "echo in").stdout == "in\n"
    until("the grant is over", lambda: ssh(house, "brief", key, "echo in", check=None).returncode == 255)
    assert "(over)" in house.gateway.run("user", "show", "brief").stdout
