"""The Python sides against each other, so that a failure elsewhere is a failure of the programs under test."""

import socket

import paramiko
import pytest

import initiation
import junos9
import pydevice

END = b"]]>]]>"


def manage(sock, key_file, user="homing"):
    """A manager on paramiko: one get-config over the accepted socket."""
    transport = paramiko.Transport(sock)
    transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(str(key_file)))
    channel = transport.open_session()
    channel.invoke_subsystem("netconf")
    channel.settimeout(10)
    received = b""
    channel.sendall(b'<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities/></hello>' + END)
    channel.sendall(b'<rpc message-id="1"><get-config><source><running/></source></get-config></rpc>' + END)
    while received.count(END) < 2:
        received += channel.recv(65536)
    host_key = transport.get_remote_server_key()
    transport.close()
    return received.decode(), f"{host_key.get_name()} {host_key.get_base64()}"


@pytest.mark.parametrize("cuts", [(), "every byte"])
def test_the_python_device_serves_a_paramiko_manager(loop, make_key, cuts):
    key = make_key()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        device = pydevice.PyDevice(
            loop, listener.getsockname()[1], "edge-1", secret="s3cret", authorized=[key.public], cuts=cuts, pause=0.001
        ).start()
        accepted, _ = listener.accept()
        opening = initiation.read(accepted)
        assert opening == initiation.compose("edge-1", device.key_text, "s3cret")
        text, host_key = manage(accepted, key.path)
    assert "<host-name>py</host-name>" in text
    assert host_key == device.key_text
    assert device.operations == ["get-config"]


def test_a_reset_of_the_python_device_is_seen(loop):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        device = pydevice.PyDevice(loop, listener.getsockname()[1], "edge-1").start()
        accepted, _ = listener.accept()
        initiation.read(accepted)
        accepted.recv(100)
        device.kill()
        accepted.settimeout(5)
        with pytest.raises(ConnectionResetError):
            while accepted.recv(4096):
                pass


@pytest.mark.parametrize("netconf", ["no subsystem", "no channel"])
def test_the_python_device_can_do_without_netconf(loop, make_key, netconf):
    key = make_key()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pydevice.PyDevice(loop, listener.getsockname()[1], authorized=[key.public], netconf=netconf).start()
        accepted, _ = listener.accept()
        with pytest.raises(paramiko.SSHException):
            manage(accepted, key.path)


def test_secrets_in_the_reversible_form_are_read():
    assert junos9.decode("$9$7YdwgGDkTz6oJz69A1INdb") == "juniper"
    assert junos9.decode("plain") == "plain"
