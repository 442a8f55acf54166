"""What devices say is text, whatever it looks like: nothing of it becomes markup or runs."""

import pytest
from playwright.sync_api import expect

import pydevice

TAG = "<img src=x onerror=boom()>"
SCRIPT = "<script>boom()</script>"


@pytest.fixture
def house(new_house):
    return new_house()


@pytest.fixture
def watched(logged_in):
    """A page on which `boom` would be noticed."""

    def come(*words, **more):
        page = logged_in(*words, **more)
        page.add_init_script("window.booms = 0; window.boom = () => { window.booms += 1; };")
        return page

    return come


def is_text(page):
    page.wait_for_load_state()
    assert page.evaluate("window.booms") == 0
    assert page.locator("main img:not([alt=''])").count() == 0
    assert page.locator("main script").count() == 0


def test_a_hostile_device_id(house, watched, loop):
    device = pydevice.PyDevice(loop, house.gateway.port, device_id=TAG, secret="x").start()
    try:
        house.gateway.wait_event("unknown-device")
        page = watched(house)
        for path in ("/", "/devices", "/events", "/pending"):
            page.goto(path)
            is_text(page)
        expect(page.locator("tr[data-row]").first).to_contain_text("<img src=x")
        page.keyboard.press("Control+k")
        page.keyboard.type("img")
        expect(page.locator("#palette-list [role=option]").first).to_contain_text("<img src=x")
        is_text(page)
        assert page.locator("#palette img").count() == 0
        page.keyboard.press("Escape")
        page.locator("tr[data-row] a").first.click()
        expect(page.locator("h1")).to_contain_text("<img src=x")
        is_text(page)
    finally:
        device.kill()


def test_a_hostile_reply(house, watched, loop):
    secret = house.enroll("edge-1")
    evil = f"<description><![CDATA[{SCRIPT}{TAG}]]></description><x title='{TAG.replace('<', '&lt;')}'>&lt;b onclick=boom()&gt;</x>"
    device = pydevice.PyDevice(loop, house.gateway.port, device_id="edge-1", secret=secret, authorized=[house.gateway.public_key], config=evil).start()
    try:
        house.gateway.wait_up("edge-1")
        page = watched(house, "/devices/edge-1/run")
        page.goto("/devices/edge-1/run")
        page.locator("#run-text").fill("<get-config><source><running/></source></get-config>")
        page.keyboard.press("Enter")
        expect(page.locator("#run-state")).to_contain_text("done")
        reply = page.locator("#run-reply")
        expect(reply).to_contain_text(SCRIPT)
        expect(reply).to_contain_text("<b onclick=boom()>")
        assert reply.locator("script, img, b").count() == 0
        is_text(page)
        page.goto("/audit")
        is_text(page)
    finally:
        device.kill()


def test_a_hostile_terminal(house, watched):
    house.device("edge-1")
    page = watched(house, "/devices/edge-1/terminal")
    page.goto("/devices/edge-1/terminal")
    expect(page.locator("#terminal-state")).to_have_text("connected")
    page.keyboard.type("printf '%s\\n\\033]0;<b>title</b>\\007\\033]8;;javascript:boom()\\007link\\033]8;;\\007\\n' '" + SCRIPT + "'\n")
    rows = page.locator("#terminal .xterm-rows")
    expect(rows).to_contain_text("link")
    rows.get_by_text("link", exact=True).last.click(force=True)
    assert rows.locator("script, img, b, a").count() == 0
    is_text(page)
