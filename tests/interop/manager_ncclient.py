"""ncclient on an accepted socket, run in an environment of its own: prints what it saw as JSON.

usage: manager_ncclient.py PORT USER KEY_FILE|password:PASSWORD
"""

import json
import socket
import sys

from ncclient import manager

port, user, credential = int(sys.argv[1]), sys.argv[2], sys.argv[3]
listener = socket.create_server(("127.0.0.1", port))
listener.settimeout(20)
accepted, _ = listener.accept()
accepted.settimeout(None)
if credential.startswith("password:"):
    login = {"password": credential.removeprefix("password:")}
else:
    login = {"key_filename": credential}
with manager.connect_ssh(
    host=None, sock=accepted, username=user, hostkey_verify=False, allow_agent=False, look_for_keys=False, timeout=20,
    device_params={"name": "junos"}, **login,
) as session:  # fmt: skip
    capabilities = list(session.server_capabilities)
    config = str(session.get_config(source="running"))
    try:
        refused = str(session.dispatch("no-such-operation"))
    except Exception as error:  # the kind differs between releases
        refused = f"{type(error).__name__}: {error}"
print(json.dumps({"capabilities": capabilities, "config": config, "refused": refused}))
