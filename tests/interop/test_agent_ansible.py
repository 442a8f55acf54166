"""Ansible's junos modules change a device behind the gateway."""

import json

import pytest

import doorway
from doorway import EMBEDDED, OPENSSH

# Each call starts Ansible anew, which takes long where others work too.
pytestmark = pytest.mark.timeout(240)
each_device = pytest.mark.parametrize("device", [OPENSSH, EMBEDDED])


@pytest.fixture(scope="module")
def junos(tmp_path_factory):
    """Runs a module of junipernetworks.junos against a device of this file's own."""
    house = doorway.Doorway(tmp_path_factory.mktemp("ansible"))
    try:
        house.add(OPENSSH, "openssh")
        house.add(EMBEDDED, "embedded")
        ansible = doorway.Ansible(house)

        def call(device, module, arguments):
            key = ["-e", f"ansible_ssh_private_key_file={house.key}", "-e", "ansible_network_os=junipernetworks.junos.junos"]
            words = ["-m", f"junipernetworks.junos.{module}", "-a", json.dumps(arguments)]
            return ansible.run("ansible", device, *key, *words, timeout=100).stdout

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
