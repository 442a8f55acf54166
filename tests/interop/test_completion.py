"""The completion scripts in the real shells: what is offered at a place of a line."""

import os
import pty
import re
import select
import shlex
import subprocess
import time

import pytest

from programs import BINARIES

# The beginning of a line, what must be offered there, and what must not.
PLACES = [
    ("homing dev", {"device"}, {"status"}),
    ("homing device ", {"ls", "show", "accept"}, {"status"}),
    ("homing device ls --sta", {"--state"}, {"--tag"}),
    ("homing device show --out", {"--output"}, set()),
    ("homing completion ", {"bash", "zsh", "fish"}, set()),
    ("homing device ls -o ", {"table", "json", "ndjson"}, set()),
    ("homing-agent ", {"run", "reload", "show", "check"}, {"sftp-server", "session"}),
    ("homing-agent run --ssh-server ", {"auto", "embedded", "openssh"}, set()),
    ("homing-agent convert --to ", {"curly", "set", "xml", "json"}, set()),
    ("homing-agent show ", {"clients"}, set()),
]


@pytest.fixture(scope="module", params=["bash", "fish", "zsh"])
def shell(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    for program in ("homing", "homing-agent"):
        name = {"bash": program, "fish": f"{program}.fish", "zsh": f"_{program}"}[request.param]
        made = subprocess.run([BINARIES / program, "completion", request.param], capture_output=True, check=True)
        (folder / name).write_bytes(made.stdout)
    return globals()[f"in_{request.param}"](folder)


def environment(folder):
    return {"PATH": f"{BINARIES}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"}


def in_fish(folder):
    def offers(line):
        script = f"source {folder}/homing.fish; source {folder}/homing-agent.fish; complete -C {shlex.quote(line)}"
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, env=environment(folder), cwd=folder)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return {row.split("\t")[0] for row in done.stdout.splitlines()}

    return offers


def in_bash(folder):
    def offers(line):
        words = line.split(" ")
        script = f"""
            source {folder}/homing; source {folder}/homing-agent
            COMP_WORDS=({" ".join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}
            function=$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            $function {words[0]} {shlex.quote(words[-1])} {shlex.quote(words[-2])}
            printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment(folder), cwd=folder)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())

    return offers


def in_zsh(folder):
    """zsh completes only where somebody types: the line and two tabs go in, the screen comes out."""

    def offers(line):
        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment(folder))
        try:
            set_up = f"PS1='ready> '; unsetopt ALWAYS_LAST_PROMPT; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; stty cols 200"
            os.write(screen, set_up.encode() + b"; print set'' up\n")
            read_until(screen, "set up")
            # One tab completes what is sure, the second lists; what is listed ends with a new prompt.
            os.write(screen, line.encode() + b"\t\t")
            shown = read_until(screen, None)
            return set(re.findall(r"[\w-]+", shown.split(line, 1)[-1])) | set(re.findall(r"--?[\w-]+", shown))
        finally:
            os.write(screen, b"\x03\x04\x04")
            os.close(screen)
            os.waitpid(pid, 0)

    return offers


def read_until(screen, wanted, patience=60, quiet=3):
    """Reads until `wanted` is there, or, without one, until nothing came for some seconds after something did."""
    text, end, heard = "", time.monotonic() + patience, None
    while time.monotonic() < end:
        ready, _, _ = select.select([screen], [], [], 0.2)
        if ready:
            text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\r\x07]", "", os.read(screen, 65536).decode(errors="replace"))
            heard = time.monotonic()
        if wanted is not None and wanted in text:
            return text
        if wanted is None and heard is not None and time.monotonic() - heard > quiet:
            return text
    raise AssertionError(f"{wanted!r} did not come: {text!r}")


@pytest.mark.parametrize(("line", "wanted", "unwanted"), PLACES, ids=[line for line, _, _ in PLACES])
def test_what_fits_is_offered(shell, line, wanted, unwanted):
    offered = shell(line)
    assert wanted <= offered, offered
    assert not unwanted & offered, offered
