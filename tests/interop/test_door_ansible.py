"""Ansible with its netconf connection and with its ssh connection, on the inventory that `homing` makes."""

import json

import pytest

import doorway
from doorway import EMBEDDED, OPENSSH


@pytest.fixture(scope="module")
def ansible(door):
    """Runs a program of Ansible on the inventory script."""
    return doorway.Ansible(door).run


def test_ansible_inventory_draws_the_same_tree(door, ansible):
    drawn = ansible("ansible-inventory", "--graph").stdout
    assert sorted(drawn.split()) == sorted(door.homing("ansible-inventory", "--graph").stdout.split())
    assert f"|  |--{OPENSSH}" in drawn and "|--@site_fra:" in drawn and "|--@homing_up:" in drawn
    host = json.loads(ansible("ansible-inventory", "--host", OPENSSH).stdout)
    assert host["ansible_user"] == f"ops:{OPENSSH}"


def test_ansible_runs_netconf_modules(door, ansible):
    key = ["-e", f"ansible_ssh_private_key_file={door.key}"]
    done = ansible("ansible", EMBEDDED, *key, "-m", "ansible.netcommon.netconf_get", "-a", "source=running")
    assert f"<host-name>{EMBEDDED}</host-name>" in done.stdout
    done = ansible("ansible", OPENSSH, *key, "-m", "junipernetworks.junos.junos_rpc", "-a", "rpc=get-system-information")
    assert OPENSSH in done.stdout and "SUCCESS" in done.stdout


def test_ansible_runs_commands_over_ssh(door, ansible):
    key = ["-e", f"ansible_ssh_private_key_file={door.key}"]
    done = ansible("ansible", "homing_up", *key, "-m", "ansible.builtin.raw", "-a", "echo raw on $((6*7))", connection="ssh")
    assert done.stdout.count("raw on 42") >= 2
    python = ["-e", "ansible_python_interpreter=/usr/bin/python3"]
    done = ansible("ansible", OPENSSH, *key, *python, "-m", "ansible.builtin.copy", "-a", f"content=x dest={door.folder}/copied", connection="ssh")
    assert (door.folder / "copied").read_text() == "x"
