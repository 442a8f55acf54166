"""Much at once on one device: bulk both ways, a reader that reads nothing, and a person who types beside them."""

import os
import re
import statistics
import subprocess
import threading
import time

import pytest

from doorway import OPENSSH, run
from programs import VENV_BIN, until
from test_door_openssh import Typist

BULK = int(os.environ.get("INTEROP_BULK_MIB", "300"))


@pytest.mark.alone
@pytest.mark.timeout(240)
def test_an_echo_stays_quick_beside_bulk_both_ways_and_a_reader_that_reads_nothing(door, tmp_path):
    size = BULK * 1024 * 1024
    big = tmp_path / "big"
    with open(big, "wb") as file:
        for _ in range(BULK):
            file.write(os.urandom(1024) * 1024)
    options = ["-F", "none", *door.options(OPENSSH)]
    stalled = subprocess.Popen(["ssh", *options, door.host, f"cat {big}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    shell = Typist(["ssh", "-F", "none", "-tt", *door.options(OPENSSH), door.host, "cat"])
    try:
        shell.type("begin\n")
        until("the shell echoes", lambda: shell.read(0.2) and shell.seen.count("begin") >= 2)
        time.sleep(0.5)
        shell.read(0)
        ended = {}

        def sftp(name, line):
            done = run(["sftp", "-b", "-", *options, door.host], stdin=line + "\n", timeout=200, check=None)
            ended[name] = (done.returncode, done.stderr, time.monotonic() - begin)

        begin = time.monotonic()
        lines = {"get": f"get {big} {tmp_path}/got", "put": f"put {big} {tmp_path}/put"}
        threads = [threading.Thread(target=sftp, args=item) for item in lines.items()]
        [thread.start() for thread in threads]
        echoes, number = [], 0
        while any(thread.is_alive() for thread in threads):
            number += 1
            word = f"w{number}e"
            at = time.monotonic()
            shell.type(word + "\n")
            shell.expect(word, timeout=60)
            echoes.append(time.monotonic() - at)
            shell.seen = shell.seen[-200:]
            time.sleep(0.02)
        [thread.join() for thread in threads]
        assert {name: end[0] for name, end in ended.items()} == {"get": 0, "put": 0}, ended
        assert (tmp_path / "got").stat().st_size == (tmp_path / "put").stat().st_size == size
        assert run(["cmp", big, tmp_path / "got"]).returncode == run(["cmp", big, tmp_path / "put"]).returncode == 0
        median = statistics.median(echoes) * 1000
        print(f"\n{len(echoes)} echoes: median {median:.1f} ms, most {max(echoes) * 1000:.0f} ms; {ended}")
        assert median < 50, f"median {median:.1f} ms of {len(echoes)}"
        assert stalled.poll() is None, "the stalled reader still has its channel"
        assert door.gateway.is_up(OPENSSH)
    finally:
        stalled.kill()
        shell.process.kill()
        for file in ("got", "put", "big"):
            (tmp_path / file).unlink(missing_ok=True)


# What every client of the last ten years has: without it, neither Debian 12's OpenSSH nor paramiko could log in. A client that has
# ML-KEM takes that, because it is offered first.
FOR_TODAYS_CLIENTS = re.compile(r"\(kex\) curve25519-sha256(@libssh.org)? .*\[warn\] does not provide protection against post-quantum attacks")


def test_ssh_audit_finds_nothing_to_fail_or_warn_of(door):
    done = run([VENV_BIN / "ssh-audit", "--no-colors", "-p", door.port, door.host], check=None)
    exchanges = re.findall(r"^\(kex\) (\S+)", done.stdout, re.MULTILINE)
    assert exchanges and exchanges[0] == "mlkem768x25519-sha256", done.stdout + done.stderr
    marked = [line for line in done.stdout.splitlines() if re.search(r"\[(fail|warn)\]", line)]
    assert not [line for line in marked if not FOR_TODAYS_CLIENTS.match(line)], "\n".join(marked)
