"""junospyez-ossh-server with its own listener: prints the first device's configuration as JSON.

Its gathering of facts asks for interfaces and routes, which only a router has; what it is given then is the open device.

usage: manager_ossh.py PORT USER PASSWORD
"""

import json
import os
import sys
import threading

from junospyez_ossh_server.ossh_server import OutboundSSHServer
from lxml import etree

seen = {}
done = threading.Event()


def device_is_there(device, error):
    seen["connected"] = device.connected
    seen["error"] = str(error)
    config = device.rpc.get_config(filter_xml="system/services/outbound-ssh")
    seen["config"] = etree.tostring(config).decode()
    seen["servers"] = [name.text for name in config.xpath(".//servers/name")]
    done.set()


server = OutboundSSHServer(
    "127.0.0.1", int(sys.argv[1]), sys.argv[2], sys.argv[3], on_device=device_is_there, on_error=device_is_there
)
server.start()
done.wait(40)
print(json.dumps(seen), flush=True)
os._exit(0 if seen.get("servers") else 1)
