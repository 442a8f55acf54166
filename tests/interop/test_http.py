"""The HTTP API over TCP: curl over TLS with a token, `homing login`, and schemathesis against the OpenAPI document."""

import hmac
import http.server
import json
import os
import subprocess
import threading

import pytest

import programs
from programs import TOOLS, until
from pydevice import up_device

CONFIG = """
[http]
listen = ["https://127.0.0.1:0"]
rate = 100000
# All tests come from one address, and schemathesis leaves connections open.
max_per_source = 500
"""
SCHEMATHESIS = TOOLS / "venv-schemathesis" / "bin" / "schemathesis"


@pytest.fixture
def gateway(tmp_path, ended):
    program = programs.Gateway(tmp_path, config=CONFIG)
    ended.append(program)
    return program.start()


class Api:
    """The gateway's HTTP API, asked by curl."""

    def __init__(self, gateway, folder, role="admin"):
        self.url = gateway.json("status")["http"]["addresses"][0]
        self.fingerprint = gateway.json("status")["http"]["fingerprint"]
        self.certificate = gateway.data / "http.crt"
        self.token = gateway.run("token", "create", "--name", role, "--role", role).stdout.strip()
        self.header = folder / f"{role}.header"
        self.header.touch(mode=0o600)
        self.header.write_text(f"Authorization: Bearer {self.token}\n")

    def command(self, path, *arguments):
        options = ["--silent", "--show-error", "--cacert", self.certificate, "--header", f"@{self.header}"]
        return ["curl", *map(str, options), *map(str, arguments), self.url + path]

    def curl(self, path, *arguments, check=0):
        done = subprocess.run(self.command(path, *arguments), capture_output=True, text=True, timeout=50)
        assert done.returncode == check, (done.returncode, done.stderr, done.stdout[-2000:])
        return done.stdout

    def json(self, path, *arguments):
        return json.loads(self.curl(path, *arguments))


@pytest.fixture
def api(gateway, tmp_path):
    return Api(gateway, tmp_path)


def test_curl_with_a_token_sees_what_its_role_may(gateway, dial, api, tmp_path):
    up_device(gateway, dial, "--tag", "site=lab")
    assert [device["name"] for device in api.json("/api/v1/devices?q=state:up%20site:lab")] == ["edge-1"]
    assert api.json("/api/v1/devices?q=-site:lab") == []
    viewer = Api(gateway, tmp_path, role="viewer")
    assert viewer.json("/api/v1/whoami")["grants"][0]["role"] == "viewer"
    refused = viewer.json("/api/v1/devices", "--json", '{"name":"edge-2"}')
    assert (refused["status"], refused["code"]) == (403, "access-denied")
    without = subprocess.run(
        ["curl", "--silent", "--include", "--cacert", api.certificate, f"{api.url}/api/v1/devices"],
        capture_output=True, text=True, timeout=20,
    ).stdout
    assert without.startswith("HTTP/1.1 401") and "www-authenticate: Bearer" in without
    other = subprocess.run(["curl", "--silent", f"{api.url}/healthz"], capture_output=True, timeout=20)
    assert other.returncode == 60  # the certificate is nobody's but the gateway's own


def test_a_post_that_is_sent_again_is_carried_out_once(gateway, api):
    enroll = ["--json", '{"name":"edge-9"}', "--header", "Idempotency-Key: 7f3a"]
    first, again = (api.json("/api/v1/devices", *enroll) for _ in range(2))
    assert first["stanza"] == again["stanza"]
    assert gateway.codes("edge-9") == ["enrolled"]


def test_a_change_of_what_was_changed_meanwhile_is_refused(gateway, api):
    gateway.enroll("edge-1")
    head = api.curl("/api/v1/devices/edge-1", "--include")
    tag = next(line.split(": ")[1] for line in head.splitlines() if line.lower().startswith("etag"))
    assert api.curl("/api/v1/devices/edge-1", "--header", f"If-None-Match: {tag}", "-w", "%{http_code}") == "304"
    change = ["-X", "PATCH", "--header", f"If-Match: {tag}", "--json", '{"tags":{"rack":"7"}}']
    assert api.json("/api/v1/devices/edge-1", *change)["tags"] == {"rack": "7"}
    assert api.json("/api/v1/devices/edge-1", *change)["code"] == "changed-meanwhile"


def test_a_list_comes_in_pages(gateway, api):
    for number in range(5):
        gateway.enroll(f"edge-{number}")
    path, seen = "/api/v1/devices?limit=2", []
    while path:
        head, body = api.curl(path, "--include").split("\n\n", 1)
        seen.append([device["name"] for device in json.loads(body)])
        links = [line for line in head.splitlines() if line.lower().startswith("link:")]
        path = links[0].split("<")[1].split(">")[0] if links else None
    assert seen == [["edge-0", "edge-1"], ["edge-2", "edge-3"], ["edge-4"]]


def test_a_reply_streams_and_half_of_one_is_no_success(gateway, dial, api):
    up_device(gateway, dial, "--tag", "site=lab")
    rpc = ["--header", "Content-Type: application/xml", "--data-binary"]
    path = "/api/v1/devices/edge-1/rpc"
    assert "<configuration" in api.curl(path, *rpc, "<get-config><source><running/></source></get-config>")
    # Half of a reply and no more: the body breaks off, and curl says so.
    assert "half of the reply" in api.curl(f"{path}?timeout=2", *rpc, "<get-half/>", check=18)
    offline = api.json("/api/v1/devices/edge-0/rpc", *rpc, "<get/>")
    assert offline["code"] == "unknown-device"


def test_a_large_reply_is_not_held_in_memory(gateway, dial, api):
    up_device(gateway, dial, "--tag", "site=lab")
    mebibytes = int(os.environ.get("INTEROP_REPLY_MIB", "192"))
    command = api.command("/api/v1/devices/edge-1/rpc?timeout=600", "--header", "Content-Type: application/xml", "--data-binary")
    command[-1:-1] = [f"<get-large><mib>{mebibytes}</mib></get-large>"]

    before = most = programs.memory(gateway.pid)[0]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
        length = 0
        while piece := curl.stdout.read(1 << 20):
            length += len(piece)
            most = max(most, programs.memory(gateway.pid)[0])
        assert curl.wait(10) == 0
    assert length > mebibytes << 20
    before, most = before / 2**20, most / 2**20
    assert most - before < 64, f"{before:.0f} MiB before, {most:.0f} MiB during {mebibytes} MiB"
    print(f"resident: {before:.1f} MiB before, {most:.1f} MiB at most, while {mebibytes} MiB passed")


def test_server_sent_events_go_on_after_the_last_one_seen(gateway, api):
    gateway.enroll("edge-1")
    seen = api.json("/api/v1/events?limit=1")["id"]
    gateway.enroll("edge-2")
    accept = ["--header", "Accept: text/event-stream", "--header", f"Last-Event-ID: {seen}", "--no-buffer", "--max-time", "3"]
    text = api.curl("/api/v1/events", *accept, check=28)
    assert text.startswith("retry: 2000\n\n") and f"id: {seen}\n" not in text
    data = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    assert [event["device"] for event in data if event["code"] == "enrolled"] == ["edge-2"]


def test_homing_works_on_a_gateway_on_another_machine(gateway, dial, api, tmp_path):
    up_device(gateway, dial, "--tag", "site=lab")
    home = tmp_path / "home"
    home.mkdir()
    token = home / "token"
    token.touch(mode=0o600)
    token.write_text(api.token)

    def homing(*arguments, check=0):
        environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
        line = [programs.BINARIES / "homing", *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=50, env=environment, stdin=subprocess.DEVNULL)
        assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
        return done

    refused = homing("login", api.url, "--token-file", token, check=10)
    assert api.fingerprint in refused.stderr
    homing("login", api.url, "--token-file", token, "--fingerprint", api.fingerprint)
    assert "edge-1" in homing("device", "ls", "state:up").stdout
    assert "py" in homing("config", "get", "edge-1").stdout
    assert json.loads(homing("api", "GET", "/api/v1/devices/edge-1").stdout)["name"] == "edge-1"
    gateway.run("token", "revoke", api.token[:12])
    assert "homing login" in homing("device", "ls", check=4).stderr


def test_nothing_but_tls_is_spoken_and_port_in_use_is_said(gateway, api, tmp_path):
    plain = subprocess.run(["curl", "--silent", api.url.replace("https", "http")], capture_output=True, timeout=20)
    assert plain.returncode in (1, 52, 56)
    port = api.url.rsplit(":", 1)[1]
    line = ["gateway", "--data", tmp_path / "other", "--listen", "127.0.0.1:0", "--door", "127.0.0.1:0", "--http", f"127.0.0.1:{port}"]
    done = subprocess.run([programs.BINARIES / "homing", *map(str, line)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "http.listen" in done.stderr


@pytest.mark.timeout(240)
@pytest.mark.skipif(not SCHEMATHESIS.exists(), reason="./test.sh interop makes its environment")
def test_schemathesis_finds_no_answer_that_is_not_documented(gateway, dial, api):
    for name in ("edge-1", "edge-2"):
        up_device(gateway, dial, "--tag", "site=lab", name=name)
    checks = "status_code_conformance,content_type_conformance,response_schema_conformance"

    def run(seconds, checks, *selection):
        line = [
            *(SCHEMATHESIS, "run", f"{api.url}/api/v1/openapi.json", "--tls-verify", api.certificate),
            *("-H", f"Authorization: Bearer {api.token}", "--phases", "examples,coverage,fuzzing", "-n", "25"),
            *("--suppress-health-check", "all", "--max-time", seconds, "--request-timeout", "20"),
            *("--checks", checks, *selection),
        ]
        done = subprocess.run([*map(str, line)], capture_output=True, text=True, timeout=100, cwd=gateway.folder)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert "Authentication failed" not in done.stdout, done.stdout[-3000:]

    # Streams that may follow for ever, and what would take the token away, are left out.
    left_out = ["--exclude-path", "/api/v1/events", "--exclude-path", "/api/v1/audit"]
    left_out += ["--exclude-operation-id", "delete-tokens-id"]
    of_session = r"/devices/\{name\}/(rpc|session|channels)"
    run(40, f"not_a_server_error,{checks}", *left_out, "--exclude-path-regex", of_session)
    # A device that is away or says nonsense is 502, 503 or 504 by design, and documented; 500 is not.
    run(15, checks, "--include-path-regex", of_session)
    until("the gateway still answers", lambda: api.json("/api/v1/status"))


class Receiver:
    """Takes webhooks, or turns them away."""

    def __init__(self, context=None):
        self.taken, self.refuses = [], False
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not receiver.refuses:
                    receiver.taken.append((dict(self.headers.items()), body))
                self.send_response(503 if receiver.refuses else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=b"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def devices(self):
        return [json.loads(body)["device"] for _, body in self.taken]


def test_a_webhook_gets_every_event_once_and_signed_whatever_dies(gateway, api):
    receiver = Receiver()
    secret = gateway.run("webhook", "add", receiver.url, "--kind", "enrolled", "--on", "site=lab").stdout.strip()
    gateway.enroll("edge-1", "--tag", "site=lab")
    gateway.enroll("edge-2", "--tag", "site=fra")
    until("the first event", lambda: receiver.devices() == ["edge-1"])
    headers, body = receiver.taken[0]
    headers = {name.lower(): value for name, value in headers.items()}
    time, digits = (part.split("=")[1] for part in headers["homing-signature"].split(","))
    assert hmac.new(secret.encode(), f"{time}.".encode() + body, "sha256").hexdigest() == digits
    receiver.refuses = True
    gateway.enroll("edge-3", "--tag", "site=lab")
    until("it fails", lambda: gateway.json("webhook", "ls")[0]["state"] == "failing")
    gateway.kill()
    gateway.start()
    hook = gateway.json("webhook", "ls")[0]
    assert (hook["state"], hook["last_error"]) == ("failing", "status 503 Service Unavailable")
    receiver.refuses = False
    gateway.enroll("edge-4", "--tag", "site=lab")
    until("nothing is lost", lambda: receiver.devices() == ["edge-1", "edge-3", "edge-4"])
    gateway.run("webhook", "test", hook["id"])
    until("a trial", lambda: receiver.devices()[-1] is None)
    assert gateway.json("webhook", "ls")[0]["state"] == "active"
    assert secret not in gateway.output()
    gateway.run("webhook", "rm", hook["id"])
    gateway.run("webhook", "rm", hook["id"], check=5)
