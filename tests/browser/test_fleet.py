"""Overview, Devices and Events: what they show, live, with the keyboard alone, for everybody."""

import re

from playwright.sync_api import expect


def test_the_first_admin_is_made_by_the_link_that_the_gateway_prints(new_house, visit, accessible):
    house = new_house()
    found = re.search(r"http://\S+/first\?link=\S+", house.gateway.output())
    page = visit(house.url)
    page.goto(found.group(0))
    accessible(page)
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_role("button", name="Make the admin and log in").click()
    expect(page.locator("pre.secret")).to_contain_text("hmt_")
    page.get_by_role("link", name="Open the console").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.locator(".who")).to_contain_text("ada")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto(found.group(0))
    expect(page.get_by_role("alert")).to_contain_text("made already")


def test_a_device_that_calls_in_is_there_without_a_reload(new_house, logged_in, accessible):
    house = new_house()
    page = logged_in(house, "/devices")
    expect(page.locator("#devices")).to_contain_text("No device yet")
    page.evaluate("window.stays = true")
    house.device("edge-1", "--tag", "site=fra")
    row = page.locator("tr[data-row]", has_text="edge-1")
    expect(row.locator(".state")).to_have_text("up")
    expect(row).to_contain_text("site=fra")
    assert page.evaluate("window.stays")
    accessible(page)
    page.goto("/")
    page.evaluate("window.stays = true")
    expect(page.locator(".counter.up b")).to_have_text("1")
    house.device("edge-2")
    expect(page.locator(".counter.up b")).to_have_text("2")
    expect(page.locator("#plot")).to_contain_text(re.compile("[0-9]+ arrivals?"))
    assert page.evaluate("window.stays")
    accessible(page)


def test_a_wrong_secret_wants_attention_and_leads_to_the_device(new_house, logged_in):
    house = new_house()
    house.enroll("edge-9")
    house.agent("edge-9", "not-the-secret-that-was-issued")
    page = logged_in(house)
    matter = page.locator(".matters li", has_text="edge-9")
    expect(matter).to_contain_text("wrong-hmac")
    matter.get_by_role("link").click()
    expect(page.get_by_role("heading", name="edge-9").first).to_be_visible()


def test_the_gateway_is_gone_and_back(new_house, logged_in):
    house = new_house()
    page = logged_in(house, "/devices")
    house.gateway.stop()
    expect(page.locator("#gone")).to_be_visible()
    house.gateway.start()
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.get_by_role("heading", name="Devices")).to_be_visible()


def test_the_list_is_used_with_the_keyboard_alone(house, logged_in):
    page = logged_in(house, "/devices")
    expect(page.locator("tr[data-row]").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Search devices")).to_be_focused()
    page.keyboard.type("site:fra")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices?q=site%3Afra*")
    expect(page.locator(".line code")).to_have_text("homing device ls site:fra")
    page.keyboard.press("j")
    expect(page.locator("tr.at")).to_contain_text("edge-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/edge-1")


def test_the_keyboard_stays_on_its_row_when_the_list_is_loaded_anew(house, logged_in):
    page = logged_in(house, "/devices?q=site:fra")
    expect(page.locator("tr[data-row]").first).to_be_visible()
    page.keyboard.press("j")
    row = page.locator("tr.at")
    expect(row).to_contain_text("edge-1")
    row.evaluate("row => { row.dataset.old = 'yes'; }")
    house.enroll("edge-later")
    expect(page.locator("tr[data-old]")).to_have_count(0)
    expect(row).to_contain_text("edge-1")
    expect(row.locator("a").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/edge-1")


def test_text_that_is_being_marked_stays_until_it_is_copied(house, logged_in):
    page = logged_in(house, "/devices")
    row = page.locator("tr[data-row]").first
    row.evaluate("row => { row.dataset.old = 'yes'; getSelection().selectAllChildren(row); }")
    house.enroll("edge-marked")
    with page.expect_response(lambda answer: "x-live" in answer.request.headers):
        house.enroll("edge-marked-too")
    assert page.locator("tr[data-old]").count() == 1
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("tr[data-row]", has_text="edge-marked-too")).to_be_visible()


def test_a_wrong_query_is_explained_and_a_view_is_kept(house, logged_in, accessible):
    page = logged_in(house, "/devices?q=state:upp")
    expect(page.get_by_role("alert").first).to_contain_text("expected one of up, down")
    accessible(page)
    page.goto("/devices?q=state:up")
    page.locator("details.menu summary").click()
    page.get_by_label("Save this view as").fill("What is up")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="What is up")).to_be_visible()
    page.locator("details.menu summary").click()
    page.get_by_label("Device-id").check()
    page.get_by_role("button", name="Show these columns").click()
    expect(page.locator("th", has_text="Device-id")).to_be_visible()
    accessible(page)


def test_events_come_by_themselves(house, logged_in, accessible):
    page = logged_in(house, "/events")
    expect(page.locator("tr[data-row]", has_text="in-session").first).to_be_visible()
    house.enroll("edge-events")
    expect(page.locator("tr[data-row]", has_text="edge-events").first).to_be_visible()
    accessible(page)


def test_light_dark_and_a_phone(house, logged_in, accessible):
    page = logged_in(house, viewport={"width": 390, "height": 844})
    for path in ("/", "/devices", "/events"):
        for look in ("Dark", "Light"):
            page.goto(path)
            page.get_by_role("button", name=look).click()
            expect(page.locator("html")).to_have_attribute("data-theme", look.lower())
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, f"{path} is {wider} pixels too wide"
            accessible(page, f"{path} {look}")


def test_the_first_page_is_light(house, logged_in):
    page = logged_in(house)
    sizes = []
    page.on("requestfinished", lambda one: sizes.append(one.sizes()["responseBodySize"]))
    page.goto("/")
    page.wait_for_load_state()
    page.wait_for_timeout(500)
    assert 0 < sum(sizes) < 250 * 1024, sizes
