"""ncclient, PyEZ and Netmiko against the front door, as their own documentation says."""

import threading

import pytest

from doorway import EMBEDDED, OPENSSH

each_device = pytest.mark.parametrize("device", [OPENSSH, EMBEDDED])


def session(door, device, **more):
    from ncclient import manager

    return manager.connect(
        host=door.host,
        port=door.port,
        username=f"ops:{device}",
        key_filename=str(door.key),
        allow_agent=False,
        look_for_keys=False,
        hostkey_verify=False,
        device_params={"name": "junos"},
        timeout=30,
        **more,
    )


@each_device
def test_ncclient_reads_the_configuration(door, device):
    with session(door, device) as nc:
        assert any("base:1.0" in capability for capability in nc.server_capabilities)
        reply = nc.get_config(source="running")
        assert f"<host-name>{device}</host-name>" in str(reply)


@each_device
def test_ncclient_has_eight_sessions_on_one_device_at_once(door, device):
    answers, errors, together = [], [], threading.Barrier(8, timeout=40)

    def one():
        try:
            with session(door, device) as nc:
                together.wait()
                answers.append(str(nc.get_config(source="running")))
                together.wait()
        except Exception as error:
            errors.append(repr(error))
            together.abort()

    threads = [threading.Thread(target=one) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join(50) for thread in threads]
    assert not errors
    assert len(answers) == 8 and all(f"<host-name>{device}</host-name>" in answer for answer in answers)


def test_a_viewer_reads_with_ncclient_and_an_edit_is_denied_by_the_gateway(door):
    from ncclient.operations import RPCError

    door.add_user("looker", "viewer")
    from ncclient import manager

    with manager.connect(
        host=door.host,
        port=door.port,
        username=f"looker:{EMBEDDED}",
        key_filename=str(door.key_of("looker")),
        allow_agent=False,
        look_for_keys=False,
        hostkey_verify=False,
    ) as nc:
        assert f"<host-name>{EMBEDDED}</host-name>" in str(nc.get_config(source="running"))
        with pytest.raises(RPCError) as refused:
            nc.edit_config(target="candidate", config="<config><configuration/></config>")
        assert refused.value.tag == "access-denied"
        assert f"<host-name>{EMBEDDED}</host-name>" in str(nc.get_config(source="running"))


@each_device
def test_pyez_opens_a_device_by_the_gateways_host_and_port(door, device):
    from jnpr.junos import Device

    with Device(
        host=door.host,
        port=door.port,
        user=f"ops:{device}",
        ssh_private_key_file=str(door.key),
        ssh_config=str(door.home / "none"),
        allow_agent=False,
        look_for_keys=False,
        gather_facts=False,
    ) as dev:
        config = dev.rpc.get_config()
        assert config.findtext(".//host-name") == device
        assert dev.rpc.get_system_information().findtext(".//host-name") == device


@each_device
def test_netmiko_types_commands_in_a_shell(door, device):
    from netmiko import ConnectHandler

    with ConnectHandler(
        device_type="linux",
        host=door.host,
        port=door.port,
        username=f"ops:{device}",
        use_keys=True,
        key_file=str(door.key),
        allow_agent=False,
        conn_timeout=20,
    ) as shell:
        assert "6 times 7 is 42" in shell.send_command("echo 6 times 7 is $((6*7))")
