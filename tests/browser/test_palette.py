"""Ctrl+K, the completion of a query, the keys: found by name, with the keyboard alone."""

import re

from playwright.sync_api import expect


def test_ctrl_k_goes_to_a_device_and_to_a_page(house, logged_in, accessible):
    page = logged_in(house)
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Name of a page or a device")
    expect(field).to_be_focused()
    options = page.locator("#palette-list [role=option]")
    expect(options.first).to_have_text(re.compile("Overview"))
    accessible(page, "palette")
    page.keyboard.type("edge")
    expect(options.first).to_have_text(re.compile("^edge-1"))
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/edge-1")
    page.keyboard.press("Control+k")
    page.keyboard.type("term")
    expect(options.first).to_have_text(re.compile("Terminal"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/edge-1/terminal")
    page.goto("/access")
    page.get_by_role("button", name=re.compile("Go to")).click()
    page.keyboard.type("aud")
    expect(options.first).to_have_text(re.compile("Audit"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit")


def test_the_palette_walks_closes_and_searches(house, logged_in):
    page = logged_in(house)
    page.keyboard.press("Control+k")
    dialog = page.locator("#palette")
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette-list [role=option]").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#palette-list [role=option]").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type('no:such "device')
    expect(page.locator("#palette-list [role=option]")).to_have_text([re.compile("Search devices for")])
    page.keyboard.press("Control+k")
    expect(dialog).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()


def test_who_types_a_name_and_enter_at_once_goes_there(house, logged_in):
    page = logged_in(house)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    page.keyboard.insert_text("edge-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/edge-1")


def test_a_query_is_completed(house, logged_in, accessible):
    page = logged_in(house, "/devices")
    field = page.get_by_label("Search devices")
    options = page.locator("#q-list [role=option]")
    field.press_sequentially("sta")
    expect(options).to_have_text([re.compile("^state:")])
    accessible(page, "completion")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("state:")
    expect(options).to_have_count(6)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("state:up ")
    page.keyboard.type("-si")
    expect(options.first).to_have_text(re.compile("^site:"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(field).to_have_value("state:up -site:")
    expect(options).to_have_text(["site:fra"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("state:up -site:fra ")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=state%3Aup\\+-site%3Afra"))
    expect(page.get_by_text("No device fits")).to_be_visible()


ENROLL = """async (names) => {
    const csrf = document.querySelector('meta[name=csrf]').content;
    for (const name of names) {
        const body = JSON.stringify({name, tags: {role: 'crowd'}, secret: false});
        const answer = await fetch('/api/v1/devices', {method: 'POST', headers: {'content-type': 'application/json', 'x-csrf-token': csrf}, body});
        if (!answer.ok) throw new Error(await answer.text());
    }
}"""


def test_many_rows_are_walked_from_page_to_page(house, logged_in):
    page = logged_in(house)
    page.evaluate(ENROLL, [f"crowd-{number:03}" for number in range(230)])
    page.goto("/devices?q=role:crowd")
    expect(page.locator("#count")).to_have_text("1–100 of 230")
    page.keyboard.press("k")
    expect(page.locator("tr.at")).to_contain_text("crowd-099")
    page.keyboard.press("j")
    expect(page.locator("#count")).to_have_text("101–200 of 230")
    page.keyboard.press("k")
    expect(page.locator("tr.at")).to_contain_text("crowd-199")
    page.get_by_role("link", name="Last").click()
    expect(page.locator("#count")).to_have_text("131–230 of 230")
    expect(page.locator("tr[data-row]").last).to_contain_text("crowd-229")
    page.get_by_label("From row").fill("42")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#count")).to_have_text("42–141 of 230")
    expect(page.locator("tr[data-row]").first).to_contain_text("crowd-041")
    page.get_by_role("link", name="First").click()
    expect(page.locator("#count")).to_have_text("1–100 of 230")
