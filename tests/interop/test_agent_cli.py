"""The command line of a device, as a person and a script use it: on the machine, and over SSH through the gateway."""

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pexpect
import pytest

import doorway
import managed
import programs
from doorway import EMBEDDED, OPENSSH

CONFIGURATION = """system {
    host-name box1;
    login { user ann { class operator; } }
    services { outbound-ssh { client gw { device-id box1; secret abc; services netconf; 127.0.0.1 port 9; } } }
}
interfaces { ge-0/0/0 { mtu 9000; } }
"""


@pytest.fixture
def box(tmp_path, start_agent):
    """An agent that dials nobody, and its command line."""
    start_agent(CONFIGURATION, "--ssh-server", "embedded", name="box")
    socket = tmp_path / "box-state" / "netconf.sock"
    programs.until("the agent listens", socket.exists)

    class Box:
        file = tmp_path / "box.conf"
        command = [programs.BINARIES / "homing-agent", "cli", "--socket", socket]
        environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "xterm"}

        def cli(self, *commands, stdin=None, check=0):
            words = [*self.command, *(["-c", "; ".join(commands)] if commands else [])]
            return doorway.run(words, check=check, stdin=stdin, env=self.environment)

        def terminal(self):
            line = " ".join(map(str, self.command))
            child = pexpect.spawn(line, env=self.environment, encoding="utf-8", timeout=30, dimensions=(40, 200))
            child.expect("@box1> ")
            return child

    return Box()


def test_a_script_changes_the_configuration_and_puts_it_into_force(box):
    done = box.cli("configure", "set system host-name box2", "show | compare", "commit comment \"a new name\"", "run show system commit")
    assert "-  host-name box1;" in done.stdout and "+  host-name box2;" in done.stdout
    assert "commit complete" in done.stdout and "a new name" in done.stdout
    assert "host-name box2;" in box.file.read_text(), "a commit is kept in the agent's own file"
    assert "host-name box2;" in box.cli("show configuration system | match host-name").stdout
    box.cli("configure", "rollback 1", "commit")
    assert "host-name box1;" in box.file.read_text()


def test_every_kind_of_edit_does_what_junos_does(box):
    edits = [
        "edit system login",
        "set user bob class super-user",
        "rename user bob to user eve",
        "copy user eve to user kim",
        "insert user kim before user ann",
        "annotate user kim \"on call\"",
        "deactivate user eve",
        "up",
        "show login",
    ]
    shown = box.cli("configure", *edits).stdout
    assert shown.index("user kim") < shown.index("user ann") < shown.index("user eve")
    assert "/* on call */" in shown and "inactive: user eve" in shown
    lines = box.cli("configure", "show system login | display set").stdout
    assert "set system login user kim class super-user" in lines and "deactivate system login user eve" in lines
    box.cli("configure", "rollback 0", "show | compare | count")


def test_a_pattern_deletes_what_it_fits_at_the_level_and_below_it(box):
    users = [f"set user {name} class operator" for name in ("net1", "net2", "netops")]
    done = box.cli("configure", "edit system login", *users, "wildcard delete user net[0-9]", "top", "show | compare", "show system login | display set")
    assert "user netops" in done.stdout and "user ann" in done.stdout and "net1" not in done.stdout and "net2" not in done.stdout
    lines = box.cli("configure", 'wildcard delete system login user "net.*"', "show system login | display set").stdout
    assert "netops" not in lines and "user ann" in lines
    none = box.cli("configure", "wildcard delete system login user nobody.*")
    assert "no statement fits: system login user nobody.*" in none.stdout + none.stderr
    wrong = box.cli("configure", "wildcard delete system login user (", check=1)
    assert "open group" in wrong.stdout + wrong.stderr
    box.cli("configure", "rollback 0")


def test_what_is_protected_is_refused_by_name_and_unprotected_again(box):
    shown = box.cli("configure", "protect system login", "show | compare", "show system", "commit").stdout
    assert "!    protect: login { ... }" in shown and "    protect: login {" in shown
    assert "    protect: login {" in box.file.read_text()
    refused = box.cli("configure", "set system login user bob class operator", check=1)
    assert "statement is protected: system login" in refused.stdout + refused.stderr
    kept = box.cli("configure", "delete system", "show")
    assert "statement is protected and stays: system login" in kept.stdout + kept.stderr and "user ann" in kept.stdout
    box.cli("configure", "rollback 0", "unprotect system login", "set system login user bob class operator", "commit")
    assert "user bob" in box.file.read_text() and "protect" not in box.file.read_text()


def test_private_changes_are_updated_with_what_others_committed(box):
    child = box.terminal()
    child.send("configure private\r")
    child.expect("box1# ")
    child.send("set system host-name mine\r")
    child.expect("box1# ")
    box.cli("configure private", "set system time-zone UTC", "set system host-name theirs", "commit")
    child.send("update\r")
    child.expect("what is edited here stays: system host-name")
    child.expect("box1# ")
    child.send("show | compare\r")
    child.expect(r"-  host-name theirs;\s+\+  host-name mine;")
    child.expect("box1# ")
    child.send("commit\r")
    child.expect("commit complete")
    child.expect("mine# ")
    assert "time-zone UTC;" in box.file.read_text() and "host-name mine;" in box.file.read_text()
    child.send("exit\r")
    child.expect("mine> ")
    child.close(force=True)
    refused = box.cli("configure", "update", check=1)
    assert "private candidate" in refused.stdout + refused.stderr


def test_statements_are_loaded_from_files_and_from_standard_input(box, tmp_path):
    file = tmp_path / "more.conf"
    file.write_text("system { location { building north; } }\n")
    shown = box.cli("configure", f"load merge {file}", "show system location", "commit check").stdout
    assert "load complete" in shown and "building north;" in shown and "configuration check succeeds" in shown
    script = "configure\nload set terminal relative\nset system host-name typed\n\x04\nshow system host-name\nrollback 0\nexit\n"
    assert "host-name typed;" in box.cli(stdin=script).stdout
    out = tmp_path / "saved.conf"
    box.cli("configure", f"save {out}", f"show interfaces | display json | save {tmp_path / 'i.json'}")
    assert "mtu 9000;" in out.read_text() and '"interfaces"' in (tmp_path / "i.json").read_text()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_line_that_fails_ends_a_script_with_a_status(box):
    done = box.cli("show version", "bogus", "show version", check=1)
    assert "unknown command" in done.stderr and done.stdout.count("Model:") == 1
    done = box.cli("configure", "set system services outbound-ssh client gw bogus x", check=1)
    assert "syntax error" in done.stderr
    gone = doorway.run([*box.command[:3], "/nowhere/netconf.sock", "-c", "show version"], check=10)
    assert "no agent is running" in gone.stderr


def test_a_person_is_helped_at_any_point(box):
    child = box.terminal()
    child.send("sh ver")
    child.send("\t\r")
    child.expect("show version")
    child.expect("Hostname: box1")
    child.expect("box1> ")
    child.send("show system ?")
    child.expect("Possible completions:")
    child.expect("uptime")
    child.expect("box1> show system ")
    child.send("uptime\r")
    child.expect("System booted")
    child.expect("box1> ")
    child.send("bogus\r")
    child.expect(r"\^")
    child.expect("unknown command")
    child.expect("box1> ")
    child.send("conf\r")
    child.expect(r"\[edit\]")
    child.expect("box1# ")
    child.send("edit sys serv outb client g\t")
    child.expect("edit system services outbound-ssh client gw")
    child.send("\r")
    child.expect(r"\[edit system services outbound-ssh client gw\]")
    child.send("set ?")
    child.expect("reconnect-strategy +Which address is dialled first")
    child.expect("set ")
    child.send("keep-alive retry 5\r")
    child.expect("box1# ")
    child.send("show | compare\r")
    child.expect(r"\+ +(keep-alive|retry)")
    child.expect("box1# ")
    child.send("top\r")
    child.expect(r"\[edit\]")
    child.expect("box1# ")
    child.send("exit\r")
    child.expect("Exit with uncommitted changes")
    child.send("no\r")
    child.expect("box1# ")
    child.send("rollback 0\r")
    child.expect("load complete")
    child.expect("box1# ")
    child.send("exit\r")
    child.expect("Exiting configuration mode")
    child.expect("box1> ")
    child.send("exit\r")
    child.expect(pexpect.EOF)


def test_long_output_stops_at_each_page_and_interrupts_do_not_end_the_session(box):
    child = box.terminal()
    child.setwinsize(10, 80)
    child.send("\x03")
    child.expect("box1> ")
    child.send("show configuration\r")
    child.expect(r"---\(more\)---")
    child.send("q")
    child.expect("box1> ")
    child.send("show configuration | no-more\r")
    child.expect("mtu 9000;")
    child.expect("box1> ")
    child.sendeof()
    child.expect(pexpect.EOF)


def test_the_history_is_the_users_own_and_has_no_secrets(box, tmp_path):
    child = box.terminal()
    for line in ("show version | count", "configure", "set system services outbound-ssh client gw secret hush", "rollback 0", "exit"):
        child.send(line + "\r")
        child.expect("box1[#>] ")
    child.send("exit\r")
    child.expect(pexpect.EOF)
    history = tmp_path / "state" / "homing-cli" / "history"
    text = history.read_text()
    assert "show version | count" in text and "hush" not in text
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    again = box.terminal()
    again.send("\x1b[A\x1b[A")
    again.expect("rollback 0")
    again.sendcontrol("c")
    again.sendeof()


def test_private_changes_are_gone_with_their_session(box):
    done = box.cli("configure private", "set system host-name mine", "show system host-name")
    assert "uncommitted changes will be discarded" in done.stderr and "host-name mine;" in done.stdout
    assert "host-name box1;" in box.cli("configure", "show system host-name").stdout
    box.cli("configure exclusive", "set system host-name alone", "commit and-quit")
    assert "host-name alone;" in box.file.read_text()


@pytest.fixture(scope="module")
def house():
    """A gateway and a device whose users get Junos's command line."""
    account = "homingcli"
    assert os.geteuid() == 0, "this test needs root: it makes an account"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", account], check=False, capture_output=True)
    # The account has to reach the agent's socket, which it can't in the test's own folder.
    top = tempfile.mkdtemp(prefix="homing-cli-")
    os.chmod(top, 0o755)
    house = doorway.Doorway(top)
    folder = house.folder / EMBEDDED
    folder.mkdir()
    secret = house.gateway.secret_of(house.gateway.enroll(EMBEDDED, *house.tags, user=account))
    login = programs.login(account, house.gateway.public_key)
    text = programs.configuration(programs.stanza(house.gateway.port, device_id=EMBEDDED, secret=secret), login=login, host_name=EMBEDDED)
    agent = programs.Agent(folder, text, "--ssh-server", "embedded", "--login-shell", "cli", name=EMBEDDED)
    house.started.append(agent)
    try:
        agent.start()
        house.gateway.wait_up(EMBEDDED)
        yield house
    finally:
        house.stop()
        shutil.rmtree(top, ignore_errors=True)
        subprocess.run(["userdel", "--remove", account], check=False, capture_output=True)


def test_ssh_gives_users_of_the_device_its_command_line(house):
    done = house.ssh(EMBEDDED, "show version; configure; set system host-name over-ssh; show | compare; rollback 0")
    assert f"Hostname: {EMBEDDED}" in done.stdout and "+  host-name over-ssh;" in done.stdout
    line = ["ssh", "-F", "none", "-tt", *house.options(EMBEDDED), house.host]
    child = pexpect.spawn(line[0], [str(word) for word in line[1:]], encoding="utf-8", timeout=40, dimensions=(40, 160))
    child.expect(f"homingcli@{EMBEDDED}> ")
    child.send("show sys upt\r")
    child.expect("System booted")
    child.expect("> ")
    child.send("configure\r")
    child.expect(r"\[edit\]")
    child.expect("# ")
    child.send("set system services outbound-ssh client gateway keep-alive retry 4\r")
    child.expect("# ")
    child.send("commit\r")
    child.expect("this commit came over outbound-ssh client `gateway`")
    child.expect("commit complete")
    child.close(force=True)


def test_the_command_line_runs_on_a_connection_that_openssh_serves(door):
    """A person logs in to `sshd -i` through the gateway and types `homing-agent cli`, which knows that connection."""
    socket = door.folder / OPENSSH / f"{OPENSSH}-state" / "netconf.sock"
    program = f"{programs.BINARIES / 'homing-agent'} cli --socket {socket}"
    done = door.ssh(OPENSSH, f"{program} -c 'show version; configure; set system host-name by-sshd; show | compare; rollback 0'")
    assert f"Hostname: {OPENSSH}" in done.stdout and "+  host-name by-sshd;" in done.stdout
    line = ["ssh", "-F", "none", "-tt", *door.options(OPENSSH), door.host, program]
    child = pexpect.spawn(line[0], [str(word) for word in line[1:]], encoding="utf-8", timeout=40, dimensions=(40, 160))
    child.expect(f"root@{OPENSSH}> ")
    for command, answer in (("configure", "# "), ("set system host-name os-2", f"{OPENSSH}# "), ("commit", "root@os-2# ")):
        child.send(f"{command}\r")
        child.expect(answer)
    child.send("set system services outbound-ssh client gateway keep-alive retry 4\r")
    child.expect("os-2# ")
    child.send("commit\r")
    child.expect("this commit came over outbound-ssh client `gateway`")
    child.expect("commit complete")
    child.close(force=True)


@pytest.fixture
def small_disk(tmp_path, root):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_refuses_a_commit_and_changes_nothing(small_disk, tmp_path, ended):
    agent = programs.Agent(small_disk, CONFIGURATION, "--ssh-server", "embedded")
    ended.append(agent)
    agent.start()
    socket = small_disk / "agent-state" / "netconf.sock"
    programs.until("the agent listens", socket.exists)
    environment = {**os.environ, "HOME": str(tmp_path)}

    def cli(commands, check=0):
        return doorway.run([programs.BINARIES / "homing-agent", "cli", "--socket", socket, "-c", commands], check=check, env=environment)

    cli("configure; set system host-name before; commit")
    before = agent.config.read_text()
    filler = small_disk / "filler"
    with pytest.raises(OSError), open(filler, "wb", buffering=0) as file:
        while file.write(b"x" * 4096) == 4096:
            pass
        file.write(b"x" * 4096)
    done = cli("configure; set system host-name after; commit", check=1)
    assert "No space left on device" in done.stdout + done.stderr, done.stdout + done.stderr
    assert agent.config.read_text() == before
    assert "host-name before;" in cli("show configuration system host-name").stdout
    filler.unlink()
    assert "commit complete" in cli("configure; commit").stdout
    assert "host-name after;" in agent.config.read_text()


@pytest.fixture
def login_shell(make_key, ended, root):
    """Runs ssh to the system's own sshd, where an account has `homing-cli` for a shell."""
    account = "homingops"
    # No password, which is not the same as locked: sshd lets nobody in whose account is.
    made = ["useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", account]
    subprocess.run(made, check=False, capture_output=True)
    top = Path(tempfile.mkdtemp(prefix="homing-shell-"))
    top.chmod(0o755)
    shell = top / "homing-cli"
    shell.symlink_to(programs.BINARIES / "homing-agent")
    subprocess.run(["chsh", "--shell", shell, account], check=True, capture_output=True)
    key = make_key()
    agent = programs.Agent(top, programs.configuration(login=programs.login(account, key.public), host_name="box1"), "--ssh-server", "embedded")
    sshd = managed.Sshd(top, key.public)
    ended.extend([agent, sshd])
    try:
        agent.start()
        sshd.start()
        options = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        yield ["ssh", *options, "-i", str(key.path), "-p", str(sshd.port), f"{account}@127.0.0.1"]
    finally:
        agent.stop()
        sshd.stop()
        ended.clear()
        shutil.rmtree(top, ignore_errors=True)
        subprocess.run(["userdel", "--remove", account], check=False, capture_output=True)


def test_homing_cli_is_a_login_shell_of_the_system_s_sshd(login_shell):
    done = doorway.run([*login_shell, "show version; configure; set system host-name by-sshd; show | compare; rollback 0"], check=0)
    assert "Hostname: box1" in done.stdout and "+  host-name by-sshd;" in done.stdout
    child = pexpect.spawn(login_shell[0], ["-tt", *login_shell[1:]], encoding="utf-8", timeout=40, dimensions=(40, 160))
    child.expect("homingops@box1> ")
    child.send("configure\r")
    child.expect("homingops@box1# ")
    child.send("set system host-name box2\r")
    child.expect("box1# ")
    child.send("commit and-quit\r")
    child.expect("commit complete")
    child.expect("box2> ")
    child.send("exit\r")
    child.expect(pexpect.EOF)
