"""A gateway whose clock and disk do what the test says: `faults.c` before its C library."""

import errno
import subprocess
from pathlib import Path

import programs

HERE = Path(__file__).parent


class Faults:
    """What is wrong with a program at this moment; nothing, to begin with."""

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.library, self.control = folder / "faults.so", folder / "faults"
        subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-fPIC", "-shared", "-o", self.library, HERE / "faults.c", "-ldl"], check=True)
        self.seconds = self.number = 0
        self._tell()

    def environment(self, data):
        """For the program whose data folder is `data`."""
        return {"LD_PRELOAD": str(self.library), "HOMING_FAULTS": str(self.control), "HOMING_FAULTS_FOLDER": str(data)}

    def clock(self, seconds):
        """Its clock is ahead by so many seconds."""
        self.seconds = seconds
        self._tell()

    def disk(self, name):
        """Writes to its data folder fail with this errno, such as `ENOSPC`; none: they don't."""
        self.number = getattr(errno, name) if name else 0
        self._tell()

    def _tell(self):
        with open(self.control, "r+b" if self.control.exists() else "wb") as file:
            file.write(self.seconds.to_bytes(8, "little", signed=True) + self.number.to_bytes(8, "little"))


def gateway(folder, config=None):
    """A gateway with faults, not started."""
    program = programs.Gateway(folder, config=config)
    faults = Faults(Path(folder) / "faults")
    program.env.update(faults.environment(program.data))
    return program, faults
