"""The agent's NETCONF server against clients that nobody here wrote, behind both SSH servers."""

import contextlib
import os
import shutil
import subprocess
import textwrap
import threading
import time
from pathlib import Path

import pytest
from lxml import etree
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele

import managed
import programs

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"


@pytest.fixture(params=["openssh", "embedded"])
def device(request, tmp_path, make_key, ended, root):
    return managed.start(request.param, tmp_path, make_key(), ended)


def connect(device, handler="default"):
    return manager.connect(
        host=device.host,
        port=device.port,
        username=device.user,
        key_filename=str(device.key.path),
        hostkey_verify=False,
        allow_agent=False,
        look_for_keys=False,
        timeout=60,
        device_params={"name": handler},
    )


def host_name(name, operation=None):
    attribute = f' xmlns:nc="{BASE}" nc:operation="{operation}"' if operation else ""
    return f"<config><configuration><system><host-name{attribute}>{name}</host-name></system></configuration></config>"


def text_of(reply):
    return str(reply)


def test_ncclient_edits_locks_commits_and_discards(device):
    with connect(device) as client:
        for capability in (":candidate", ":confirmed-commit:1.1", ":validate:1.1", ":rollback-on-error", ":url", ":notification"):
            assert capability in client.server_capabilities, capability
        with client.locked("candidate"):
            with connect(device) as other:
                with pytest.raises(RPCError) as denied:
                    other.lock("candidate")
                assert denied.value.tag == "lock-denied"
                assert f"<session-id>{client.session_id}</session-id>" in denied.value.info
            client.edit_config(host_name("edge-2"), target="candidate", error_option="rollback-on-error")
            assert "edge-2" in text_of(client.get_config("candidate"))
            assert "edge-2" not in text_of(client.get_config("running"))
            client.discard_changes()
            assert "edge-2" not in text_of(client.get_config("candidate"))
            client.edit_config(host_name("edge-3"), target="candidate")
            client.validate("candidate")
            client.commit()
        assert "<host-name>edge-3<" in text_of(client.get_config("running", filter=("subtree", "<configuration><system><host-name/></system></configuration>")))
        for wrong, tag in (("create", "data-exists"), ("delete", None)):
            if tag:
                with pytest.raises(RPCError) as refused:
                    client.edit_config(host_name("x", wrong), target="candidate")
                assert refused.value.tag == tag
            else:
                client.edit_config(host_name("", wrong), target="candidate")
        with pytest.raises(RPCError) as missing:
            client.edit_config(host_name("", "delete"), target="candidate")
        assert missing.value.tag == "data-missing"
        client.discard_changes()
        with pytest.raises(RPCError) as running:
            client.edit_config(host_name("x"), target="running")
        assert running.value.tag == "operation-not-supported"


def test_ncclient_confirms_and_cancels_commits(device):
    with connect(device) as client:
        client.edit_config(host_name("edge-4"), target="candidate")
        client.commit(confirmed=True, timeout="600", persist="a-word")
        with connect(device) as other:
            with pytest.raises(RPCError):
                other.commit()
            other.commit(persist_id="a-word")
        client.edit_config(host_name("edge-5"), target="candidate")
        client.commit(confirmed=True, timeout="600")
        assert "edge-5" in text_of(client.get_config("running"))
        client.cancel_commit()
        assert "edge-4" in text_of(client.get_config("running"))
        client.edit_config(host_name("edge-6"), target="candidate")
        client.commit(confirmed=True, timeout="1")
        programs.until("the commit goes back", lambda: "edge-4" in text_of(client.get_config("running")))


def test_ncclient_hears_of_changes(device):
    with connect(device) as listener, connect(device) as client:
        listener.create_subscription()
        client.edit_config(host_name("edge-7"), target="candidate")
        client.commit()
        seen = []
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not any("netconf-config-change" in each for each in seen):
            notification = listener.take_notification(block=True, timeout=5)
            if notification:
                seen.append(notification.notification_xml)
        change = next(each for each in seen if "netconf-config-change" in each)
        assert f"<session-id>{client.session_id}</session-id>" in change
        assert "<host-name>edge-7<" in text_of(listener.get())


def test_ncclient_with_the_handler_for_junos(device):
    with connect(device, "junos") as client:
        client.lock()
        client.load_configuration(action="set", config=["set system host-name edge-8"])
        diff = client.compare_configuration(rollback=0)
        assert "+" in diff.tostring.decode() and "edge-8" in diff.tostring.decode()
        client.commit()
        client.unlock()
        assert client.get_configuration(format="xml").xpath("//host-name")[0].text == "edge-8"
        assert client.command("show system commit", format="text").xpath("//output")
        client.rollback(1)
        assert "edge-1" in client.compare_configuration(rollback=0).tostring.decode()
        client.discard_changes()
        interfaces = client.rpc("<get-interface-information><terse/></get-interface-information>")
        assert "lo" in [name.text.strip() for name in interfaces.xpath("//physical-interface/name")]


def test_pyez_without_a_gateway(device, tmp_path):
    from jnpr.junos import Device
    from jnpr.junos.utils.config import Config

    login = {"user": device.user, "ssh_private_key_file": str(device.key.path), "ssh_config": str(tmp_path / "none")}
    with Device(host=device.host, port=device.port, allow_agent=False, look_for_keys=False, **login) as dev:
        assert dev.facts["hostname"] == "edge-1" and dev.facts["version"]
        cu = Config(dev)
        cu.lock()
        cu.load("set system location building north", format="set")
        cu.load("system { location { floor 3; } }", format="text", merge=True)
        assert "+  " in cu.diff() and "building north;" in cu.diff()
        assert cu.commit_check() is True
        assert cu.commit(confirm=1) is True
        assert cu.commit(comment="stays") is True
        cu.unlock()
        assert dev.rpc.get_commit_information().findtext(".//log") == "stays"
        cu.rollback(1)
        cu.rollback(0)
        assert cu.diff() is None
        assert "edge-1" in dev.cli("show version", warning=False)
        assert dev.rpc.get_system_uptime_information().find(".//system-booted-time") is not None


def test_netconf_console2(device, tmp_path):
    program = programs.VENV_BIN / "netconf-console2"
    login = tmp_path / "ssh_config"
    login.write_text(f"Host *\n  User {device.user}\n  IdentityFile {device.key.path}\n")
    words = [program, "--host", device.host, "--port", str(device.port), "--ssh-config", login]

    def run(*arguments):
        done = subprocess.run([*map(str, words), *map(str, arguments)], capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "candidate:1.0" in run("--hello")
    assert "<host-name>edge-1<" in run("--get-config")
    edit = tmp_path / "edit.xml"
    edit.write_text("<configuration><system><host-name>edge-9</host-name></system></configuration>")
    run("--db", "candidate", f"--edit-config={edit}")
    run("--commit")
    assert "<host-name>edge-9<" in run("--get-config")


def test_scrapli_netconf(device):
    """Its client asks sshd for a terminal, which must not touch what passes."""
    from scrapli_netconf.driver import NetconfDriver

    driver = NetconfDriver(
        host=device.host,
        port=device.port,
        auth_username=device.user,
        auth_private_key=str(device.key.path),
        auth_strict_key=False,
        transport="system",
        timeout_socket=60,
        timeout_transport=60,
        timeout_ops=60,
        strip_namespaces=False,
    )
    driver.open()
    try:
        assert driver.lock(target="candidate").failed is False
        edited = driver.edit_config(config=host_name("edge-10"), target="candidate")
        assert edited.failed is False, edited.result
        assert driver.commit().failed is False
        assert driver.unlock(target="candidate").failed is False
        assert "edge-10" in driver.get_config(source="running").result
        refused = driver.rpc(filter_="<no-such-operation/>")
        assert refused.failed is True
    finally:
        driver.close()


def test_netconf_client(device):
    from netconf_client.connect import connect_ssh
    from netconf_client.error import RpcError
    from netconf_client.ncclient import Manager

    with connect_ssh(
        host=device.host, port=device.port, username=device.user, key_filename=str(device.key.path), hostkey_b64=None
    ) as session:
        client = Manager(session, timeout=60)
        client.lock("candidate")
        client.edit_config(host_name("edge-11"), target="candidate")
        client.commit()
        client.unlock("candidate")
        assert b"edge-11" in etree.tostring(client.get_config().data_ele)
        with pytest.raises(RpcError):
            client.dispatch("<no-such-operation/>")


def test_what_is_sent_as_ietf_netconf_is_valid(device, tmp_path):
    """yanglint holds our replies against the modules of RFC 6241 and RFC 6470."""
    with connect(device) as client:
        listener = connect(device)
        listener.create_subscription()
        replies = {"get": text_of(client.get()), "get-config": text_of(client.get_config("running"))}
        refusals = []
        for operation in ("<no-such-operation/>", "<lock><target><startup/></target></lock>"):
            with pytest.raises(RPCError) as refused:
                client.dispatch(to_ele(operation))
            refusals.append((operation, etree.tostring(refused.value.xml).decode()))
        client.edit_config(host_name("edge-12"), target="candidate")
        client.commit()
        notification = listener.take_notification(block=True, timeout=30).notification_xml
        listener.close_session()
    asked = {"get": "<get/>", "get-config": "<get-config><source><running/></source></get-config>"}
    for name, reply in replies.items():
        assert yanglint(tmp_path, "nc-reply", reply, asked[name]) == ""
    for operation, refusal in refusals:
        check_error(refusal)
        reply = f"<rpc-reply xmlns='{BASE}' message-id='1'>{refusal}</rpc-reply>"
        assert yanglint(tmp_path, "nc-reply", reply, "<get/>") == "", operation
        assert yanglint(tmp_path, "nc-reply", reply.replace("error-tag>", "error-sort>"), "<get/>") != ""
    assert yanglint(tmp_path, "nc-notif", notification) == ""


def check_error(text):
    """An rpc-error has the elements of RFC 6241, appendix B, in their order."""
    error = etree.fromstring(text)
    names = [etree.QName(child).localname for child in error]
    order = ["error-type", "error-tag", "error-severity", "error-app-tag", "error-path", "error-message", "error-info"]
    assert names == [name for name in order if name in names], text


def yanglint(folder, kind, text, request=None):
    """What yanglint complains of."""
    assert shutil.which("yanglint"), "apt-get install libyang2-tools"
    file = folder / f"{kind}.xml"
    modules = programs.VENV_BIN.parent / "share" / "yang" / "modules" / "ietf"
    file.write_bytes(etree.tostring(etree.fromstring(text.encode())))
    words = ["yanglint", "-p", modules, "-t", kind]
    if request:
        asked = folder / "request.xml"
        asked.write_text(f"<rpc xmlns='{BASE}' message-id='1'>{request}</rpc>")
        words += ["-R", asked]
    words += [modules / "ietf-netconf.yang", modules / "ietf-netconf-notifications.yang", file]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    return textwrap.dedent(done.stderr) if done.returncode else ""


@pytest.fixture(scope="session")
def ncclient_program(tmp_path_factory):
    """The libnetconf2 client, compiled for this run."""
    assert shutil.which("gcc"), "apt-get install gcc libc6-dev libnetconf2-dev libssh-dev"
    program = tmp_path_factory.mktemp("ncclient") / "ncclient"
    source = Path(__file__).parent / "ncclient.c"
    subprocess.run(["gcc", "-O1", "-o", program, source, "-lnetconf2", "-lyang", "-lssh"], check=True)
    return program


@pytest.mark.parametrize("base", ["1.0", "1.1"])
def test_libnetconf2(device, ncclient_program, base):
    modules = programs.VENV_BIN.parent / "share" / "yang" / "modules" / "ietf"
    if base == "1.1":
        public = device.key.path.with_suffix(".pub")
        words = [ncclient_program, modules, device.host, device.port, device.user, public, device.key.path]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=90)
    else:
        done = without_chunks(device, [ncclient_program, modules])
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith(f"base:{base}"), lines[0]
    for step in ("lock", "edit", "validate", "commit", "unlock"):
        assert f"{step} ok" in lines, done.stdout + done.stderr
    assert "edge-20" in done.stdout
    assert "refused rpc-error" in lines, done.stdout


def without_chunks(device, words):
    """Runs a client over OpenSSH's, with a person between who hears nothing of base:1.1 in either hello.

    libnetconf2's client takes the chunked framing wherever it is offered.
    """
    login = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-i", device.key.path]
    ssh = ["ssh", *login, "-p", device.port, f"{device.user}@{device.host}", "-s", "netconf"]
    here, there = os.pipe(), os.pipe()
    with subprocess.Popen([str(word) for word in ssh], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        client = subprocess.Popen(
            [*map(str, words), str(there[0]), str(here[1])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(there[0], here[1]),
        )
        os.close(there[0]), os.close(here[1])
        pairs = [(server.stdout, os.fdopen(there[1], "wb")), (os.fdopen(here[0], "rb"), server.stdin)]
        for source, target in pairs:
            threading.Thread(target=forget_chunks, args=(source, target), daemon=True).start()
        try:
            out, errors = client.communicate(timeout=90)
        finally:
            client.kill()
            server.kill()
    return subprocess.CompletedProcess(words, client.returncode, out, errors)


def forget_chunks(source, target):
    hello = b""
    while b"]]>]]>" not in hello:
        if not (piece := source.read1(65536)):
            return
        hello += piece
    piece = hello.replace(b"<capability>urn:ietf:params:netconf:base:1.1</capability>", b"")
    assert len(piece) < len(hello)
    with contextlib.suppress(OSError, ValueError):
        while piece:
            target.write(piece)
            target.flush()
            piece = source.read1(65536)
        target.close()
