"""The programs of OpenSSH against the front door, on a device with the real sshd and on one with the agent's own server."""

import os
import pty
import select
import socket
import subprocess
import threading
import time

import pytest

from doorway import EMBEDDED, OPENSSH, run, sshd_wrapper
from programs import Program, free_port, until

each_device = pytest.mark.parametrize("device", [OPENSSH, EMBEDDED])
HELLO = (
    '<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>'
    "<capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>"
)


def rpc(number, operation):
    return f'<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="{number}">{operation}</rpc>]]>]]>'


class Typist:
    """A program on a terminal, typed at and read."""

    def __init__(self, line, env=None, size=(33, 101)):
        master, slave = pty.openpty()
        import fcntl, struct, termios

        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            [str(word) for word in line], stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True, close_fds=True
        )
        os.close(slave)
        self.terminal = master
        self.seen = ""

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read(self, timeout):
        if select.select([self.terminal], [], [], timeout)[0]:
            try:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def expect(self, text, timeout=20):
        until_ = time.monotonic() + timeout
        while text not in self.seen:
            assert time.monotonic() < until_, f"no {text!r} in {self.seen!r}"
            if not self.read(0.2):
                break
        assert text in self.seen, f"no {text!r} in {self.seen!r}"

    def end(self, timeout=15):
        deadline = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)
        code = self.process.wait(1)
        os.close(self.terminal)
        return code


@each_device
def test_a_command_has_its_output_its_errors_and_its_exit_status(door, device):
    done = door.ssh(device, "echo out; echo err >&2; exit 7", check=7)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    assert door.ssh(device, "cat; echo end", stdin="in\n").stdout == "in\nend\n"


@each_device
def test_a_command_that_is_killed_ends_as_one(door, device):
    done = door.ssh(device, "kill -TERM $$", check=None)
    assert done.returncode != 0


@each_device
def test_a_shell_has_a_terminal_of_the_right_size_and_takes_ctrl_c(door, device):
    line = ["ssh", "-F", "none", "-tt", *door.options(device), door.host]
    shell = Typist(line)
    shell.type("stty size; echo re''ady\n")
    shell.expect("ready")
    assert "33 101" in shell.seen
    shell.type("sh -c 'echo be\"g\"un; exec sleep 100'\n")
    shell.expect("begun")
    shell.type("\x03")
    shell.type("echo go''ne; exit 3\n")
    shell.expect("gone")
    assert shell.end() == 3


@each_device
def test_the_netconf_subsystem_answers(door, device):
    said = HELLO + rpc(1, "<get-system-information/>") + rpc(2, "<close-session/>")
    done = door.ssh(device, "netconf", options=["-s"], stdin=said, check=None)
    assert f"<host-name>{device}</host-name>" in done.stdout, done.stderr
    assert 'message-id="2"' in done.stdout


@each_device
def test_files_go_both_ways_by_scp_and_sftp(door, device, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    data = os.urandom(300_000)
    (tmp_path / "sent").write_bytes(data)
    options = ["-F", "none", *door.options(device)]
    run(["scp", *options, tmp_path / "sent", f"{door.host}:{there}/by-scp"])
    run(["scp", *options, f"{door.host}:{there}/by-scp", tmp_path / "back"])
    assert (tmp_path / "back").read_bytes() == data
    batch = f"put {tmp_path}/sent {there}/by-sftp\nls -l {there}\nget {there}/by-sftp {tmp_path}/again\n"
    done = run(["sftp", "-b", "-", *options, door.host], stdin=batch)
    assert "by-sftp" in done.stdout and (tmp_path / "again").read_bytes() == data


@pytest.fixture
def plain_sshd(door, tmp_path, ended):
    """A server that only the device reaches, as far as the test is concerned."""
    wrapper = sshd_wrapper(tmp_path, [open(f"{door.key}.pub").read().strip()])
    port = free_port()
    program = Program("plain-sshd", [wrapper, "-D", "-e", "-f", "/dev/null", "-p", port, "-o", f"PidFile={tmp_path}/pid"], tmp_path)
    ended.append(program)
    program.start()
    until("sshd listens", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
    return port


def test_a_host_behind_the_device_is_reached_by_w_l_and_j(door, plain_sshd, tmp_path):
    banner = door.ssh(OPENSSH, options=["-W", f"127.0.0.1:{plain_sshd}"], check=None, stdin=b"SSH-2.0-none\r\n", text=False).stdout
    assert banner.startswith(b"SSH-2.0-OpenSSH")
    loose = ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-i", door.key]
    jump = f"ops:{OPENSSH}@{door.host}:{door.port}"
    config = tmp_path / "config"
    config.write_text(
        f"Host *\n  IdentityFile {door.key}\n  IdentitiesOnly yes\n  BatchMode yes\n  LogLevel ERROR\n"
        f"  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n"
    )
    done = run(["ssh", "-F", config, "-J", jump, "-p", plain_sshd, "root@127.0.0.1", "echo behind"])
    assert done.stdout == "behind\n"
    local = free_port()
    line = ["ssh", "-F", "none", "-N", "-L", f"127.0.0.1:{local}:127.0.0.1:{plain_sshd}", *door.options(OPENSSH), door.host]
    forward = subprocess.Popen([str(word) for word in line])
    try:
        until("the port is forwarded", lambda: socket.socket().connect_ex(("127.0.0.1", local)) == 0)
        assert run(["ssh", "-F", "none", *loose, "-p", local, "root@127.0.0.1", "echo through"]).stdout == "through\n"
    finally:
        forward.terminate()
        forward.wait(5)


def test_many_channels_share_one_connection_by_a_control_master(door, tmp_path):
    control = ["-o", f"ControlPath={tmp_path}/c", "-o", "ControlMaster=auto", "-o", "ControlPersist=20"]
    assert door.ssh(OPENSSH, "echo one", options=control).stdout == "one\n"
    answers = []
    threads = [threading.Thread(target=lambda n=n: answers.append(door.ssh(OPENSSH, f"echo {n}", options=control).stdout)) for n in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answers) == [f"{n}\n" for n in range(5)]
    run(["ssh", *control, "-O", "exit", "-F", "none", door.host], check=None)


def test_by_percent_sign_and_by_key_alone_it_is_the_same_device(door):
    assert run(["ssh", "-F", "none", *door.options(OPENSSH, separator="%"), door.host, "echo same"]).stdout == "same\n"
    assert run(["ssh", "-F", "none", *door.options(OPENSSH, user="", separator=""), door.host, "echo same"]).stdout == "same\n"


def test_a_device_that_is_not_there_is_told_in_one_line_and_255(door):
    door.add("away", "embedded", start=False)
    done = door.ssh("away", "true", check=255)
    assert "away" in done.stderr and len(done.stderr.strip().splitlines()) <= 3, done.stderr
    done = door.ssh("nobody", "true", check=255)
    assert "nobody" in done.stderr


def test_another_key_than_the_operators_is_refused(door, make_key):
    key = make_key("stranger")
    line = ["ssh", "-F", "none", "-o", f"IdentityFile={key.path}", *door.options(OPENSSH), door.host, "true"]
    line = [word for word in line if word != f"IdentityFile={door.key}"]
    line = [word for i, word in enumerate(line) if not (word == "-o" and line[i + 1 : i + 2] == ["-o"])]
    done = run(line, check=255)
    assert "Permission denied" in done.stderr
