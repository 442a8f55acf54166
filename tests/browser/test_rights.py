"""What a viewer may not: refused by the server whatever the page shows, and told to the audit trail."""

import http.client
import json

import pytest
from playwright.sync_api import expect

from house import until


@pytest.fixture(scope="module")
def house(house):
    house.passwords = {"vera": house.add_user("vera", "viewer")}
    return house


@pytest.fixture
def viewer(house, logged_in):
    return logged_in(house, user="vera", password=house.password("vera"))


def form(page, path, **fields):
    """Sends a form as our own page would, with its own csrf field; gives the status."""
    return page.evaluate(
        """async ([path, fields]) => {
            const csrf = document.querySelector('meta[name=csrf]').content;
            const body = new URLSearchParams({csrf, ...fields});
            return (await fetch(path, {method: 'POST', body, redirect: 'manual'})).status;
        }""",
        [path, fields],
    )


def test_a_viewer_sees_no_buttons_and_gets_no_terminal(viewer, house, accessible):
    viewer.goto("/devices/edge-1")
    expect(viewer.locator("#device-head")).to_contain_text("viewer")
    expect(viewer.get_by_role("button", name="Disconnect")).to_have_count(0)
    viewer.goto("/devices/edge-1/terminal")
    expect(viewer.get_by_text("read-only")).to_be_visible()
    accessible(viewer)
    viewer.goto("/devices/edge-1/run")
    viewer.locator("#run-text").fill("get-system-information")
    viewer.keyboard.press("Enter")
    expect(viewer.locator("#run-state")).to_contain_text("done")
    viewer.locator("#run-text").fill("request system reboot")
    viewer.keyboard.press("Enter")
    expect(viewer.locator("#run-error")).to_be_visible()
    expect(viewer.locator("#run-state")).to_have_text("not run")


def test_a_viewers_crafted_forms_are_refused_and_told(viewer, house):
    before = len(house.audit("access-denied"))
    asked = [
        ("/devices/edge-1", {"act": "disconnect"}),
        ("/devices/edge-1", {"act": "block"}),
        ("/devices/edge-1", {"act": "forget"}),
        ("/enroll", {"name": "mx1"}),
        ("/pending", {"act": "unblock", "subject": "192.0.2.1"}),
        ("/access", {"act": "create-token", "name": "x", "owner": "root"}),
        ("/access", {"act": "add-user", "user": "eve", "role": "admin"}),
        ("/access", {"act": "password", "user": "root"}),
    ]
    for path, fields in asked:
        assert form(viewer, path, **fields) == 403, (path, fields)
    assert house.gateway.is_up("edge-1")
    assert house.gateway.device("mx1") is None
    denied = until("each is told", lambda: len(told := house.audit("access-denied")[before:]) >= len(asked) and told)
    assert len(denied) == len(asked), denied
    assert {(entry["operator"], entry["via"], entry["result"]) for entry in denied} == {("vera", "web", "refused:access-denied")}


def test_a_viewers_crafted_terminal_is_refused_and_told(viewer, house):
    said = viewer.evaluate(
        """() => new Promise((done) => {
            const socket = new WebSocket(location.origin.replace('http', 'ws') + '/devices/edge-1/terminal/socket?columns=80&rows=24');
            socket.onmessage = (message) => done(message.data);
            socket.onclose = () => done('closed');
        })"""
    )
    assert "configur" in json.loads(said)["end"]["reason"]
    refused = until("it is told", lambda: [entry for entry in house.audit("channel-opened") if entry["operator"] == "vera"])
    assert refused[-1]["result"] == "refused:access-denied", refused


def test_a_form_from_elsewhere_is_refused(house, logged_in):
    page = logged_in(house)
    for fields in ({"csrf": "x"}, {"csrf": ""}):
        assert form(page, "/devices/edge-1", act="disconnect", **fields) == 403
    assert house.gateway.is_up("edge-1")
    until("it is told", lambda: any(entry["result"] == "refused:forged-request" for entry in house.audit("request-refused")))


def test_a_terminal_from_another_origin_or_without_a_session_is_refused(house, logged_in):
    page = logged_in(house)
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    path = "/devices/edge-1/terminal/socket?columns=80&rows=24"
    assert status(house, path, {**upgrade, "Cookie": cookies, "Origin": "http://evil.example"}) == 403
    assert status(house, path, {**upgrade, "Cookie": cookies}) == 403
    assert status(house, path, {**upgrade, "Origin": house.url}) == 303
    assert status(house, path, {**upgrade, "Cookie": cookies, "Origin": house.url}) == 101


def status(house, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", house.web_port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_somebody_who_is_removed_is_out_at_once(house, logged_in):
    page = logged_in(house, "/devices/edge-1/terminal", user="mallory", password=house.add_user("mallory", "configurator"))
    expect(page.locator("#terminal-state")).to_have_text("connected")
    house.gateway.run("api", "DELETE", "/users/mallory")
    expect(page.locator("#terminal-state")).to_contain_text("removed")
    page.goto("/devices/edge-1")
    page.wait_for_url("**/login**")
