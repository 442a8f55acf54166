"""The metrics in a real Prometheus: it takes them, the dashboard's queries answer, the alerts load and come in time."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

import programs
from programs import ROOT, TOOLS, free_port, until

PACKAGED = TOOLS / "prometheus" / "usr" / "bin"
PROMETHEUS = PACKAGED / "prometheus" if PACKAGED.exists() else Path(shutil.which("prometheus") or PACKAGED / "prometheus")
PROMTOOL = PROMETHEUS.parent / "promtool"
RULES = ROOT / "packaging" / "prometheus" / "homing.rules.yml"
DASHBOARD = ROOT / "packaging" / "grafana" / "homing.json"

CONFIGURATION = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: homing
    scheme: https
    tls_config: {{ insecure_skip_verify: true }}
    authorization: {{ credentials_file: "{token}" }}
    static_configs: [{{ targets: ["{gateway}"] }}]
  - job_name: homing-devices
    scheme: https
    metrics_path: /metrics/devices
    params: {{ selector: ["name=edge-*"] }}
    tls_config: {{ insecure_skip_verify: true }}
    authorization: {{ credentials_file: "{token}" }}
    static_configs: [{{ targets: ["{gateway}"] }}]
"""


class Prometheus(programs.Program):
    def __init__(self, folder, gateway, token):
        folder = Path(folder)
        folder.mkdir()
        self.port = free_port()
        configuration = folder / "prometheus.yml"
        rules = folder / RULES.name
        shutil.copy(RULES, rules)
        configuration.write_text(CONFIGURATION.format(rules=rules, token=token, gateway=gateway))
        checked = subprocess.run([PROMTOOL, "check", "config", configuration], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        command = [
            *(PROMETHEUS, f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'tsdb'}"),
            *(f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"),
        ]
        super().__init__("prometheus", command, folder)

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def is_ready(self):
        assert self.is_running(), self.output()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


def expressions():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", [])]


def shown(expression):
    """An expression as Grafana sends it with every job and gateway chosen."""
    return expression.replace("$__rate_interval", "20s").replace("$job", ".*").replace("$instance", ".*")


@pytest.fixture
def gateway(tmp_path, ended):
    program = programs.Gateway(tmp_path, config='[http]\nlisten = ["127.0.0.1:0"]\n')
    ended.append(program)
    return program.start()


@pytest.fixture
def watched(tmp_path, ended, gateway, dial):
    """A gateway with a device that is up and one that left, watched by Prometheus."""
    [address] = until("HTTP is served", lambda: gateway.json("status")["http"]["addresses"])
    token = tmp_path / "token"
    token.write_text(gateway.run("token", "create", "--name", "prometheus", "--role", "viewer").stdout.strip())
    os.chmod(token, 0o600)
    for name in ("edge-1", "edge-2"):
        secret = gateway.secret_of(gateway.enroll(name))
        device = dial(device_id=name, secret=secret)
        gateway.wait_up(name)
    prometheus = Prometheus(tmp_path / "prom", address.removeprefix("https://"), token)
    ended.append(prometheus)
    prometheus.start()
    until("Prometheus is ready", prometheus.is_ready)
    until("it has looked twice", lambda: prometheus.query("count_over_time(homing_store_up[1m]) > 2"))
    gateway.run("rpc", "edge-1", "get-system-information", check=None)
    device.kill()
    until("edge-2 is down", lambda: gateway.device("edge-2")["state"] == "down")
    return gateway, prometheus


@pytest.mark.timeout(120)
def test_every_query_of_the_dashboard_returns_data(watched):
    gateway, prometheus = watched
    until("it has seen the disconnect", lambda: prometheus.query("homing_disconnects_total"))
    until("it has seen the RPC", lambda: prometheus.query("homing_rpc_seconds_count"))
    asked = expressions()
    assert len(asked) > 30
    for title, expression in asked:
        until(f"{title} shows {expression}", lambda: prometheus.query(shown(expression)))  # noqa: B023
    [up] = prometheus.query('homing_devices{state="up"}')
    assert up["value"][1] == "1"
    variables = json.loads(DASHBOARD.read_text())["templating"]["list"]
    queries = [re.match(r"label_values\((.*), (\w+)\)", one["query"]["query"]) for one in variables if one["type"] == "query"]
    assert all(prometheus.query(shown(one.group(1)))[0]["metric"][one.group(2)] for one in queries)


@pytest.mark.timeout(120)
def test_every_alert_loads_and_none_comes_without_cause(watched):
    gateway, prometheus = watched
    [group] = prometheus.ask("rules")["groups"]
    until("the rules are healthy", lambda: all(rule["health"] == "ok" for rule in prometheus.ask("rules")["groups"][0]["rules"]))
    assert len(group["rules"]) == RULES.read_text().count("- alert:")
    firing = [alert for alert in prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"]
    assert not firing
    gateway.kill()
    pending = until("the gateway's end is noticed", lambda: prometheus.ask("alerts")["alerts"])
    assert pending[0]["labels"]["alertname"] == "HomingDown"


@pytest.mark.timeout(120)
def test_devices_are_told_apart_only_where_they_are_asked_for(watched):
    _, prometheus = watched
    by_device = until("devices one by one", lambda: prometheus.query("homing_device_up"))
    seen = {one["metric"]["device"]: one["value"][1] for one in by_device}
    assert set(seen) == {"edge-1", "edge-2"}
    assert prometheus.query('homing_device_bytes_total{device="edge-1",direction="in"}')
    names = prometheus.ask("series", **{"match[]": '{job="homing"}'})
    assert not [series for series in names if "edge-" in str(series)]
    targets = prometheus.ask("targets")["activeTargets"]
    assert [target["health"] for target in targets] == ["up", "up"]


def test_each_alert_comes_when_it_should(tmp_path):
    shutil.copy(RULES, tmp_path)
    shutil.copy(Path(__file__).parent / "homing.rules.test.yml", tmp_path)
    for command in (["check", "rules", RULES.name], ["test", "rules", "homing.rules.test.yml"]):
        done = subprocess.run([PROMTOOL, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
