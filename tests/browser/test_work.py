"""Work on a device: RPCs, commands, a terminal, its configuration."""

import json
import re
import zipfile

from playwright.sync_api import expect

import pydevice


def run(page, text):
    page.locator("#run-text").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#run-state")).to_contain_text("done")


def test_an_rpc_and_a_command(house, logged_in):
    page = logged_in(house, "/devices/edge-1/run")
    run(page, "get-system-information")
    expect(page.locator("#run-kind")).to_have_text("RPC")
    reply = page.locator("#run-reply")
    expect(reply).to_contain_text("<host-name>edge-1</host-name>")
    page.get_by_role("button", name="Fold all").click()
    expect(reply.get_by_text("edge-1")).to_be_hidden()
    page.get_by_role("button", name="Unfold all").click()
    expect(reply.get_by_text("edge-1")).to_be_visible()
    run(page, "show version")
    expect(reply.locator("pre")).to_be_visible()
    page.locator("#run-text").fill("")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.locator("#run-text").input_value() == "get-system-information"
    for way, words in [("homing", "homing rpc edge-1 get-system-information"), ("curl", "/api/v1/devices/edge-1/rpc"), ("PyEZ", "from jnpr.junos import Device")]:
        page.get_by_role("button", name=way, exact=True).click()
        expect(page.locator("#run-copy")).to_contain_text(words)
    page.locator("#run-text").fill("get-no-such-thing")
    page.keyboard.press("Enter")
    expect(page.locator("#run-error")).to_be_visible()
    operations = [entry["operation"] for entry in house.audit("rpc")]
    assert "get-system-information" in operations and "command" in operations


def test_a_device_is_asked_for_its_facts(house, logged_in, accessible):
    page = logged_in(house, "/devices/edge-1")
    page.get_by_role("button", name="Ask the device").click()
    expect(page.locator("#facts-state")).to_contain_text("the device said so")
    expect(page.locator("#facts-said")).to_contain_text("host name")
    expect(page.locator("#facts-said")).to_contain_text("edge-1")
    accessible(page)
    # What the page loads anew leaves it alone.
    house.gateway.run("device", "set", "edge-1", "--tag", "asked=yes")
    expect(page.locator("#facts")).to_contain_text("asked=yes")
    expect(page.locator("#facts-said")).to_contain_text("host name")


def test_a_reply_that_breaks_off_says_with_which_code(house, logged_in, loop):
    """The device goes in the midst of its reply."""
    secret = house.enroll("edge-half")
    device = pydevice.PyDevice(loop, house.gateway.port, device_id="edge-half", secret=secret, authorized=[house.gateway.public_key]).start()
    try:
        house.gateway.wait_up("edge-half")
        page = logged_in(house, "/devices/edge-half/run")
        page.locator("#run-text").fill("get-half")
        page.keyboard.press("Enter")
        expect(page.locator("#run-reply")).to_contain_text("half of the reply")
    finally:
        device.kill()
    expect(page.locator("#run-state")).to_contain_text("broken off: outcome-unknown")
    expect(page.locator("#run-error")).to_contain_text("The reply is not whole")
    expect(page.locator("#run-error code")).to_have_text("homing device log edge-half")


def test_a_terminal_is_typed_in_resized_recorded_and_watched_again(house, logged_in):
    page = logged_in(house, "/devices/edge-1/terminal")
    expect(page.locator("#terminal-state")).to_have_text("connected")
    screen = page.locator("#terminal .xterm-rows")
    page.keyboard.type("echo $((6*7))-answers\n")
    expect(screen).to_contain_text("42-answers")
    size = page.locator("#terminal-size")
    before = size.inner_text()
    page.set_viewport_size({"width": 1000, "height": 640})
    expect(size).not_to_have_text(before)
    columns = size.inner_text().split("×")[0]
    page.keyboard.type("stty size\n")
    expect(screen).to_contain_text(f" {columns}")
    sessions = json.loads(house.gateway.run("-o", "json", "device", "sessions", "edge-1").stdout)
    assert [(one["operator"], one["via"], one["purpose"], one["terminal"]) for one in sessions] == [("root", "web", "shell", True)]
    page.keyboard.type("exit 7\n")
    expect(page.locator("#terminal-state")).to_have_text("ended with exit status 7")
    page.get_by_role("button", name="Reconnect").click()
    expect(page.locator("#terminal-state")).to_have_text("connected")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#terminal-state")).not_to_have_text("connected")

    page.goto("/audit?action=channel-opened")
    page.get_by_role("link", name="watch").last.click()
    expect(page.locator("#replay-state")).to_have_text("the end")
    expect(page.locator("#replay .xterm-rows")).to_contain_text("42-answers")


def test_a_terminal_that_somebody_closes_says_who(house, logged_in):
    page = logged_in(house, "/devices/edge-1/terminal")
    expect(page.locator("#terminal-state")).to_have_text("connected")
    other = logged_in(house, "/devices/edge-1")
    row = other.locator("#channels li", has_text="shell")
    expect(row).to_contain_text("root")
    other.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Close channel").click()
    expect(page.locator("#terminal-state")).to_contain_text("root closed this channel")


def test_the_configuration_is_read_searched_and_saved(house, logged_in):
    page = logged_in(house, "/devices/edge-1/configuration")
    text = page.locator("#configuration-text")
    expect(text).to_contain_text("host-name edge-1;")
    page.locator("#configuration-search").fill("outbound-ssh")
    expect(page.locator("#configuration-found")).to_contain_text("1 of")
    page.get_by_label("Form").select_option("set")
    expect(text).to_contain_text("set system host-name edge-1")
    page.get_by_label("Form").select_option("xml")
    expect(text).to_contain_text("<host-name>edge-1</host-name>")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "edge-1.xml"
    assert "<host-name>edge-1</host-name>" in open(saved.value.path()).read()


def test_a_device_is_disconnected_and_comes_back(house, logged_in):
    page = logged_in(house, "/devices/edge-1")
    before = house.gateway.device("edge-1")["session"]["epoch"]
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Disconnect").click()
    page.wait_for_url("**/devices/edge-1")
    house.gateway.wait_up("edge-1")
    expect(page.locator("#device-head .state")).to_contain_text("up")
    assert house.gateway.device("edge-1")["session"]["epoch"] > before


def test_many_are_enrolled_from_csv(house, logged_in, accessible):
    page = logged_in(house, "/enroll")
    page.get_by_label("File").set_input_files({"name": "fleet.csv", "mimeType": "text/csv", "buffer": b'name,tags\nmx1,"site=fra,role=edge"\nmx2,\nmx1,\nedge-1,\n'})
    expect(page.locator("#csv-text")).to_have_value(re.compile("mx1"))
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("2 of 4 rows can be enrolled")).to_be_visible()
    accessible(page)
    assert house.gateway.device("mx1") is None, "a preview does nothing"
    with page.expect_download() as saved:
        page.get_by_role("button", name="Enrol 2 and download their stanzas").click()
    archive = zipfile.ZipFile(saved.value.path())
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == ["LEFT-OUT.txt", "mx1.set", "mx2.set"]
    assert "device-id mx1" in archive.read("mx1.set").decode()
    assert house.gateway.device("mx1")["tags"] == {"role": "edge", "site": "fra"}
