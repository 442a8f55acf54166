"""The initiation sequence, composed from the published description alone."""

import hashlib
import hmac
import socket
import time


def compose(device_id, host_key=None, secret=None, nul=True, blank=True, mac=None):
    """`host_key` is the text `TYPE BASE64`; `mac` overrides the right HMAC."""
    lines = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\n" + f"DEVICE-ID: {device_id}\r\n".encode()
    if host_key is None:
        return lines
    if mac is None:
        mac = mac_of(secret, host_key)
    return lines + (
        f"HOST-KEY: {host_key}".encode() + (b"\0" if nul else b"") + b"\r\nHMAC:" + (b" " if blank else b"") + mac.encode() + b"\r\n"
    )


def mac_of(secret, host_key):
    return hmac.new(secret.encode(), host_key.encode(), hashlib.sha1).hexdigest()


def read(sock, timeout=5):
    """Reads a device's initiation sequence to its end; leaves the bytes from `SSH-` on in the socket."""
    deadline = time.monotonic() + timeout
    sock.settimeout(timeout)
    taken = b""
    while time.monotonic() < deadline:
        seen = sock.recv(4096, socket.MSG_PEEK)
        if not seen:
            raise EOFError(f"the device closed after {taken!r}")
        if seen.startswith(b"SSH-"):
            sock.settimeout(None)
            return taken
        newline = seen.find(b"\n")
        if newline >= 0:
            taken += sock.recv(newline + 1)
        else:
            time.sleep(0.01)
    raise TimeoutError(f"no end of the initiation sequence after {taken!r}")
