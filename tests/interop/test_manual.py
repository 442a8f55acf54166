"""The manual pages that the packages hold, as `man` reads them."""

import shutil
import subprocess

import pytest

from programs import BINARIES


@pytest.mark.parametrize("program", ["homing", "homing-agent"])
def test_the_manual_pages_are_made_and_groff_has_nothing_to_say(program, tmp_path):
    assert shutil.which("groff"), "apt-get install groff-base"
    subprocess.run([BINARIES / program, "man", tmp_path], check=True, timeout=30)
    pages = sorted(tmp_path.glob("*.1"))
    names = {page.stem for page in pages}
    assert {program, f"{program}-{'enroll' if program == 'homing' else 'run'}"} <= names
    done = subprocess.run(["groff", "-K", "utf8", "-man", "-Tutf8", "-ww", *pages], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    assert f"{program.upper()}(1)" in done.stdout.upper()
