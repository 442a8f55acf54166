"""Ansible's junos modules change a device behind the gateway."""

import json
import os

import pytest

import doorway
from doorway import EMBEDDED, OPENSSH, run
from programs import TOOLS

# Each call starts Ansible anew, which takes long where others work too.
pytestmark = pytest.mark.timeout(240)
each_device = pytest.mark.parametrize("device", [OPENSSH, EMBEDDED])
ANSIBLE = TOOLS / "venv-ansible" / "bin"


@pytest.fixture(scope="module")
def junos(tmp_path_factory):
    """Runs a module of junipernetworks.junos against a device of this file's own."""
    house = doorway.Doorway(tmp_path_factory.mktemp("ansible"))
    folder = house.folder / "ansible"
    folder.mkdir()
    script = folder / "homing.sh"
    script.write_text('#!/bin/sh\nexec homing ansible-inventory --connection netconf "$@"\n')
    script.chmod(0o755)
    (folder / "ansible.cfg").write_text("[defaults]\nretry_files_enabled = false\ninterpreter_python = auto_silent\n")
    try:
        house.add(OPENSSH, "openssh")
        house.add(EMBEDDED, "embedded")
        known_hosts = house.home / ".ssh" / "known_hosts"
        known_hosts.write_text(house.homing("ssh-config", "--known-hosts").stdout)

        def call(device, module, arguments, check=0):
            own = {
                **house.environment,
                "PATH": f"{ANSIBLE}{os.pathsep}{house.environment['PATH']}",
                "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
                "ANSIBLE_HOME": str(folder / "home"),
                "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
                "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(folder / "pc"),
                "ANSIBLE_NOCOLOR": "1",
            }
            key = ["-e", f"ansible_ssh_private_key_file={house.key}", "-e", "ansible_network_os=junipernetworks.junos.junos"]
            words = ["-m", f"junipernetworks.junos.{module}", "-a", json.dumps(arguments)]
            return run([ANSIBLE / "ansible", "-i", script, device, *key, *words], check=check, timeout=100, env=own).stdout

        call.house = house
        yield call
    finally:
        house.stop()


@each_device
def test_junos_config_changes_a_device_once(junos, device):
    lines = {"lines": ["set system location building ansible"], "comment": "by Ansible"}
    done = junos(device, "junos_config", lines)
    assert "CHANGED" in done, done
    assert "building ansible;" in junos.house.agents[device].config.read_text()
    assert "SUCCESS" in junos(device, "junos_config", lines), "the second time nothing changes"
    done = junos(device, "junos_config", {"rollback": 1})
    assert "CHANGED" in done, done


@each_device
def test_junos_facts_command_and_rpc(junos, device):
    assert f'"ansible_net_hostname": "{device}"' in junos(device, "junos_facts", {"gather_subset": ["default"]})
    assert "Hostname" in junos(device, "junos_command", {"commands": ["show version"]})
    assert device in junos(device, "junos_rpc", {"rpc": "get-system-information"})
