"""PyEZ changes the configuration of devices behind the gateway, as its documentation says, on both SSH servers; what the gateway notes of it."""

import json

import pytest
from jnpr.junos import Device
from jnpr.junos.exception import ConfigLoadError, LockError, RpcError
from jnpr.junos.utils.config import Config

import doorway
from doorway import EMBEDDED, OPENSSH

each_device = pytest.mark.parametrize("device", [OPENSSH, EMBEDDED])


@pytest.fixture(scope="module")
def own_door(tmp_path_factory):
    """Devices of this file's own, whose configuration may change."""
    house = doorway.Doorway(tmp_path_factory.mktemp("config"))
    try:
        house.add(OPENSSH, "openssh")
        house.add(EMBEDDED, "embedded")
        house.add_user("looker", "viewer")
        yield house
    finally:
        house.stop()


@pytest.fixture
def opened(own_door):
    """Opens a device; whatever a test leaves behind is undone."""
    sessions = []

    def start(name, user="ops", facts=False):
        dev = Device(
            host=own_door.host,
            port=own_door.port,
            user=f"{user}:{name}",
            ssh_private_key_file=str(own_door.key_of(user)),
            ssh_config=str(own_door.home / "none"),
            allow_agent=False,
            look_for_keys=False,
            gather_facts=facts,
        )
        dev.open()
        sessions.append(dev)
        return dev

    yield start
    for dev in sessions:
        if dev.connected:
            dev.close()


@each_device
def test_pyez_reads_facts(opened, device):
    dev = opened(device, facts=True)
    facts = dict(dev.facts)
    assert facts["hostname"] == device
    assert facts["model"] and facts["version"]
    assert not facts.get("personality") or isinstance(facts["personality"], str)


@each_device
def test_pyez_loads_every_format_compares_checks_and_commits(own_door, opened, device):
    dev = opened(device)
    cu = Config(dev)
    cu.lock()
    cu.load("set system location building north", format="set")
    cu.load("system { location { floor 3; } }", format="text", merge=True)
    cu.load("<configuration><system><location><rack>7</rack></location></system></configuration>", format="xml", merge=True)
    cu.load(json.dumps({"configuration": {"system": {"domain-name": "example.net"}}}), format="json", merge=True)
    changes = cu.diff()
    for line in ("building north;", "floor 3;", "rack 7;", "domain-name example.net;"):
        assert f"+  " in changes and line in changes, changes
    assert cu.commit_check() is True
    assert cu.commit(comment=f"by PyEZ on {device}") is True
    cu.unlock()
    assert cu.diff() is None
    text = own_door.agents[device].config.read_text()
    assert "building north;" in text and "domain-name example.net;" in text
    commits = dev.rpc.get_commit_information()
    assert commits.findtext(".//log") == f"by PyEZ on {device}"
    assert commits.findtext(".//user") == "root"
    cu.rollback(1)
    assert "-  " in cu.diff()
    cu.commit()
    assert "building north;" not in own_door.agents[device].config.read_text()


@each_device
def test_pyez_is_told_what_is_wrong(opened, device):
    dev = opened(device)
    cu = Config(dev)
    with pytest.raises(ConfigLoadError):
        cu.load("system { services { outbound-ssh { bogus x; } } }", format="text")
    with pytest.raises((ConfigLoadError, RpcError)):
        cu.load("system { host-name", format="text")
    with pytest.raises(RpcError):
        dev.rpc.no_such_operation()
    assert cu.diff() is None


@each_device
def test_a_lock_keeps_others_out_until_its_session_ends(opened, device):
    first, second = opened(device), opened(device)
    Config(first).lock()
    with pytest.raises(LockError):
        Config(second).lock()
    first.close()
    cu = Config(second)
    cu.lock()
    cu.unlock()


@each_device
def test_a_confirmed_commit_and_the_rescue_configuration(own_door, opened, device):
    dev = opened(device)
    cu = Config(dev)
    assert cu.rescue("save") is True
    assert cu.rescue("get", format="text") is not None
    cu.load("set system location building rescue-test", format="set")
    assert cu.commit(confirm=1) is True
    assert cu.commit() is True
    cu.rescue("reload")
    assert "-  " in (cu.diff() or "")
    cu.commit()
    assert "rescue-test" not in own_door.agents[device].config.read_text()
    assert cu.rescue("delete") is True
    assert not cu.rescue("get", format="text")


@each_device
def test_private_and_exclusive_mode(opened, device):
    dev = opened(device)
    with Config(dev, mode="private") as cu:
        cu.load("set system location building private", format="set")
        assert "private" in cu.diff()
        cu.rollback(0)
    with Config(dev, mode="exclusive") as cu:
        cu.load("set system location building exclusive", format="set")
        cu.rollback(0)
    assert Config(dev).diff() is None


@each_device
def test_pyez_runs_commands_and_rpcs(opened, device):
    dev = opened(device)
    assert device in dev.cli("show version", warning=False)
    assert dev.cli("show configuration system host-name", warning=False).strip().endswith(f"host-name {device};")
    assert dev.rpc.get_system_uptime_information().find(".//system-booted-time") is not None
    interfaces = dev.rpc.get_interface_information(terse=True)
    assert "lo" in [name.text.strip() for name in interfaces.findall(".//physical-interface/name")]
    assert dev.rpc.get_config(filter_xml="<system><host-name/></system>").findtext(".//host-name") == device
    # PyEZ decodes JSON of Junos 14.2 and later alone, and the agent's versions begin below that.
    answer = dev.rpc.get_config(options={"format": "json"})
    assert json.loads(answer.text)["configuration"]["system"]["host-name"] == device


@each_device
def test_pyez_tables_of_routes_and_interfaces(opened, device):
    from jnpr.junos.factory import loadyaml
    from jnpr.junos.op.phyport import PhyPortTable  # noqa: F401
    from jnpr.junos.op.routes import RouteTable

    dev = opened(device)
    routes = RouteTable(dev).get()
    assert all(route.protocol for route in routes)
    views = loadyaml(__file__.replace(".py", ".yml"))
    ports = views["LinkTable"](dev).get()
    assert "lo" in ports.keys() and ports["lo"].oper == "up"


def test_the_gateway_notes_each_change_and_refuses_viewers(own_door, opened):
    dev = opened(EMBEDDED)
    cu = Config(dev)
    cu.load("set system location building audited", format="set")
    cu.commit()
    cu.rollback(1)
    cu.commit()
    entries = own_door.gateway.audit()
    text = json.dumps(entries)
    assert "load-configuration" in text and "commit-configuration" in text, text[-3000:]
    looker = opened(EMBEDDED, user="looker")
    with pytest.raises((ConfigLoadError, RpcError)) as refused:
        Config(looker).load("set system location building mine", format="set")
    assert "needs role configurator" in str(refused.value)
    assert Config(dev).diff() is None


def test_ncclient_edits_through_the_gateway(own_door):
    from ncclient import manager

    with manager.connect(
        host=own_door.host,
        port=own_door.port,
        username=f"ops:{EMBEDDED}",
        key_filename=str(own_door.key),
        allow_agent=False,
        look_for_keys=False,
        hostkey_verify=False,
        timeout=30,
    ) as nc:
        config = "<config><configuration><system><domain-name>edited.example</domain-name></system></configuration></config>"
        with nc.locked("candidate"):
            nc.edit_config(target="candidate", config=config)
            nc.commit()
        assert "edited.example" in str(nc.get_config(source="running"))
    entries = own_door.gateway.audit()
    edits = [entry for entry in entries if "edit-config" in json.dumps(entry)]
    assert edits and "candidate" in json.dumps(edits), entries[-5:]
    assert '"ok"' in json.dumps(edits)
