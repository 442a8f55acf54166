"""From a gateway that nobody used yet to a command on the first device, in the browser alone."""

import re

from playwright.sync_api import expect


def test_first_admin_first_device_first_command(new_house, visit, accessible):
    house = new_house()
    page = visit(house.url)
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))
    link = house.first_link()
    page.goto(link)
    accessible(page)
    page.locator("input[name=name]").fill("ada")
    page.get_by_role("button", name="Make the admin and log in").click()
    expect(page.get_by_text("shown this once")).to_be_visible()
    token = page.locator("pre.secret").inner_text()
    assert token.startswith("hmt_")
    page.get_by_role("link", name="Open the console").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    page.get_by_role("link", name="Enrol", exact=True).click()
    page.locator("input[name=name]").fill("edge-1")
    page.get_by_label("Labels").fill("site=fra role=edge")
    page.get_by_label("It dials").fill(f"127.0.0.1:{house.gateway.port}")
    page.get_by_text("More").click()
    page.get_by_label("Login user").fill("root")
    page.get_by_role("button", name="Make the stanza").click()
    stanza = page.locator("#stanza").inner_text()
    assert "set system services outbound-ssh client homing secret" in stanza
    expect(page.locator(".checklist .waiting")).to_have_count(1)
    accessible(page)

    house.paste("edge-1", stanza)
    expect(page.locator(".checklist .done")).to_have_count(5)
    expect(page.get_by_text("edge-1 is in session")).to_be_visible()
    page.get_by_role("link", name="Open it").click()
    expect(page.locator("#device-head .state")).to_contain_text("up")
    page.get_by_role("link", name="Run", exact=True).click()
    page.locator("#run-text").fill("show version")
    page.keyboard.press("Enter")
    expect(page.locator("#run-reply pre")).to_contain_text("edge-1")
    assert [entry["operator"] for entry in house.audit("enrolled")] == ["ada"]

    again = visit(house.url)
    again.goto(link)
    expect(again.get_by_text("made already")).to_be_visible()
    again.goto("/login")
    again.get_by_text("With a token").click()
    again.get_by_label("Token").fill(token)
    again.get_by_role("button", name="Log in with the token").click()
    expect(again.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_stanza_in_curly_form_is_copied_with_its_button_and_pasted(new_house, logged_in, accessible):
    house = new_house()
    page = logged_in(house, "/enroll")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("input[name=name]").fill("edge-1")
    page.get_by_label("It dials").fill(f"127.0.0.1:{house.gateway.port}")
    page.get_by_label("curly braces").first.check()
    page.get_by_text("More").click()
    page.get_by_label("Login user").fill("root")
    page.get_by_role("button", name="Make the stanza").click()
    expect(page.get_by_text("load merge terminal")).to_be_visible()
    stanza = page.locator("#stanza").inner_text()
    assert re.search(r"outbound-ssh \{\s+client homing \{", stanza)
    page.locator("#stanza + button.copy").click()
    expect(page.locator("#stanza + button.copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").strip() == stanza.strip()
    accessible(page)
    house.paste("edge-1", stanza)
    expect(page.get_by_text("edge-1 is in session")).to_be_visible()
