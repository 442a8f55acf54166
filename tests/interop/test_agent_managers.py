"""The agent against management programs that operators already have: PyEZ, ncclient, junospyez-ossh-server."""

import json
import socket
import subprocess

import paramiko
import pytest
from jnpr.junos import Device
from jnpr.junos.exception import ConnectAuthError, RpcError
from junospyez_ossh_server import dmi
from lxml import etree

import initiation
import programs
from programs import PASSWORD, PASSWORD_HASH, configuration, login, stanza

SECRET = "a-secret-of-the-device-0123456789"
SECRETS = pytest.mark.parametrize("secret", [None, SECRET], ids=["without-secret", "with-secret"])


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def port_of(listener):
    return listener.getsockname()[1]


def accept(listener):
    accepted, _ = listener.accept()
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return accepted


def embedded(start_agent, port, secret, user_login, *flags, **more):
    text = configuration(stanza(port, secret=secret), login=user_login)
    return start_agent(text, "--ssh-server", "embedded", *flags, **more)


def fields(opening):
    return dict(line.split(": ", 1) for line in opening.decode().replace("\0", "").splitlines())


@SECRETS
def test_pyez_reads_the_configuration_on_the_accepted_socket(start_agent, listener, make_key, secret):
    key = make_key()
    embedded(start_agent, port_of(listener), secret, login("lab", key.public), "--send-nul")
    accepted = accept(listener)
    with Device(
        sock_fd=accepted.fileno(), user="lab", ssh_private_key_file=str(key.path), gather_facts=False, look_for_keys=False
    ) as device:
        assert device.connected
        config = device.rpc.get_config()
        assert config.findtext(".//system/host-name") == "edge-1"
        assert config.findtext(".//outbound-ssh/client/device-id") == "agent-1"
        clients = device.rpc.get_outbound_ssh_service_information()
        assert clients.findtext(".//outbound-ssh-client-name").strip() == "gateway"
        assert clients.findtext(".//outbound-ssh-device-id").strip() == "agent-1"
        with pytest.raises(RpcError):
            device.rpc.no_such_operation()
        assert device.rpc.get_system_information().findtext(".//host-name") == "edge-1"


def test_pyez_with_a_wrong_password_is_refused(start_agent, listener):
    embedded(start_agent, port_of(listener), None, login("lab", password_hash=PASSWORD_HASH))
    accepted = accept(listener)
    with pytest.raises(ConnectAuthError):
        Device(sock_fd=accepted.fileno(), user="lab", passwd="wrong", gather_facts=False, look_for_keys=False).open()


@SECRETS
@pytest.mark.parametrize("by", ["key", "password"])
def test_ncclient_reads_the_configuration_on_the_accepted_socket(start_agent, make_key, secret, by):
    key = make_key()
    port = programs.free_port()
    users = login("lab", key.public, PASSWORD_HASH)
    embedded(start_agent, port, secret, users, "--send-nul")
    credential = key.path if by == "key" else f"password:{PASSWORD}"
    python = programs.TOOLS / "venv-ncclient" / "bin" / "python"
    script = programs.ROOT / "tests" / "interop" / "manager_ncclient.py"
    done = subprocess.run([python, script, str(port), "lab", credential], capture_output=True, text=True, timeout=45)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert "urn:ietf:params:netconf:base:1.0" in seen["capabilities"]
    assert "<host-name>edge-1</host-name>" in seen["config"]
    assert "operation-not-supported" in seen["refused"] or "RPCError" in seen["refused"]


@SECRETS
def test_junospyez_ossh_server_takes_the_agent_for_a_junos_device(start_agent, secret):
    port = programs.free_port()
    embedded(start_agent, port, secret, login("lab", password_hash=PASSWORD_HASH), "--send-nul")
    python = programs.TOOLS / "venv" / "bin" / "python"
    script = programs.ROOT / "tests" / "interop" / "manager_ossh.py"
    done = subprocess.run([python, script, str(port), "lab", PASSWORD], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    assert seen["connected"] and seen["servers"] == ["127.0.0.1"]


def test_the_dmi_parser_reads_every_field_of_the_initiation(start_agent, listener):
    embedded(start_agent, port_of(listener), SECRET, login("lab", password_hash=PASSWORD_HASH), "--send-nul")
    seen = dmi.extract_dmi_fields(dmi.recv_dmi_io(accept(listener)))
    assert (seen["msg_id"], seen["msg_ver"], seen["dev_id"]) == ("DEVICE-CONN-INFO", "V1", "agent-1")
    assert seen["hmac"] == initiation.mac_of(SECRET, seen["host_key"])


def test_the_dmi_parser_reads_the_three_lines_without_a_secret(start_agent, listener):
    embedded(start_agent, port_of(listener), None, login("lab", password_hash=PASSWORD_HASH))
    seen = dmi.extract_dmi_fields(dmi.recv_dmi_io(accept(listener)))
    assert seen == {"msg_id": "DEVICE-CONN-INFO", "msg_ver": "V1", "dev_id": "agent-1"}


@pytest.mark.parametrize("nul", [True, False], ids=["with-nul", "without-nul"])
def test_the_key_in_the_initiation_is_the_key_of_the_ssh_server(start_agent, listener, nul):
    flags = ["--send-nul"] if nul else []
    embedded(start_agent, port_of(listener), SECRET, login("lab", password_hash=PASSWORD_HASH), *flags)
    transport = proves_the_key_it_sent(accept(listener), nul)
    transport.auth_password("lab", PASSWORD)
    transport.close()


def test_the_key_in_the_initiation_is_the_key_of_the_system_s_sshd(start_agent, listener, sshd, make_key):
    key = make_key()
    sshd.allow(key.public)
    text = configuration(stanza(port_of(listener), secret=SECRET), login=login("root", key.public))
    start_agent(text, "--ssh-server", "openssh", "--sshd", sshd.path)
    transport = proves_the_key_it_sent(accept(listener), nul=False)
    transport.auth_publickey("root", paramiko.Ed25519Key.from_private_key_file(str(key.path)))
    transport.close()


@SECRETS
def test_pyez_reads_the_configuration_behind_the_system_s_sshd(start_agent, listener, sshd, make_key, secret):
    key = make_key()
    sshd.allow(key.public)
    text = configuration(stanza(port_of(listener), secret=secret), login=login("root", key.public))
    start_agent(text, "--ssh-server", "openssh", "--sshd", sshd.path, "--send-nul")
    accepted = accept(listener)
    with Device(
        sock_fd=accepted.fileno(), user="root", ssh_private_key_file=str(key.path), gather_facts=False, look_for_keys=False
    ) as device:
        assert device.rpc.get_config().findtext(".//outbound-ssh/client/device-id") == "agent-1"


def proves_the_key_it_sent(accepted, nul):
    """Reads the initiation, then does a key exchange for the kind of key it names; the key must be the one sent."""
    opening = initiation.read(accepted)
    said = fields(opening)
    assert opening == initiation.compose("agent-1", said["HOST-KEY"], SECRET, nul=nul)
    transport = paramiko.Transport(accepted)
    kind, text = said["HOST-KEY"].split()
    options = transport.get_security_options()
    options.key_types = [t for t in options.key_types if t == kind or (kind == "ssh-rsa" and t.startswith("rsa-sha2"))]
    transport.start_client(timeout=10)
    assert transport.get_remote_server_key().get_base64() == text
    return transport


def test_the_agent_does_not_mind_an_identification_string_before_its_initiation(start_agent, listener):
    embedded(start_agent, port_of(listener), None, login("lab", password_hash=PASSWORD_HASH))
    accepted = accept(listener)
    transport = paramiko.Transport(accepted)  # speaks first, skips the three lines
    transport.connect(username="lab", password=PASSWORD)
    assert transport.is_authenticated()
    transport.close()


def test_without_services_netconf_the_subsystem_is_refused(start_agent, listener):
    text = configuration(stanza(port_of(listener), netconf=False), login=login("lab", password_hash=PASSWORD_HASH))
    start_agent(text, "--ssh-server", "embedded")
    transport = paramiko.Transport(accept(listener))
    transport.connect(username="lab", password=PASSWORD)
    channel = transport.open_session()
    with pytest.raises(paramiko.SSHException):
        channel.invoke_subsystem("netconf")
    transport.close()


def test_the_agent_dials_again_when_the_manager_hangs_up(start_agent, listener):
    embedded(start_agent, port_of(listener), None, login("lab", password_hash=PASSWORD_HASH))
    for _ in range(3):
        with accept(listener) as accepted:
            assert initiation.read(accepted) == initiation.compose("agent-1")


def test_the_configuration_shows_no_plain_secret(start_agent, listener, make_key):
    key = make_key()
    embedded(start_agent, port_of(listener), SECRET, login("lab", key.public))
    accepted = accept(listener)
    with Device(
        sock_fd=accepted.fileno(), user="lab", ssh_private_key_file=str(key.path), gather_facts=False, look_for_keys=False
    ) as device:
        assert SECRET not in etree.tostring(device.rpc.get_config()).decode()
