"""Every page: readable by a screen reader, in light and dark, on a phone's width, by the keyboard alone, under its policy."""

import re

import pytest
from playwright.sync_api import expect

PAGES = [
    "/", "/devices", "/events", "/devices/edge-1", "/devices/edge-1/run", "/devices/edge-1/terminal", "/devices/edge-1/configuration",
    "/enroll", "/enroll/device/edge-1", "/pending", "/audit", "/access",
]  # fmt: skip


def settled(page):
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_visible()
    for busy in ("#configuration-state", "#terminal-state"):
        if page.locator(busy).count():
            expect(page.locator(busy)).not_to_have_text(re.compile("…"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(house, logged_in, accessible, scheme):
    page = logged_in(house, color_scheme=scheme)
    for path in PAGES:
        assert page.goto(path).status == 200, path
        settled(page)
        accessible(page, f"{path} {scheme}")


def test_a_phone_shows_every_page_without_scrolling_sideways(house, logged_in, accessible):
    page = logged_in(house, viewport={"width": 390, "height": 844}, has_touch=True)
    for path in PAGES:
        page.goto(path)
        settled(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} pixels too wide"
    accessible(page)


def test_every_page_has_the_strict_policy_and_is_not_kept(house, logged_in):
    page = logged_in(house)
    for path in [*PAGES, "/login"]:
        headers = page.goto(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, path
        assert headers["cache-control"] == "no-store", path
        assert page.locator("[style], script:not([src]), [onclick]").count() == 0 or "terminal" in path, path


def test_by_the_keyboard_alone(house, logged_in):
    """From the overview to a command's reply without touching a mouse."""
    page = logged_in(house)

    def tab_to(name):
        for _ in range(60):
            page.keyboard.press("Tab")
            said = page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || ''")
            if said.strip() == name:
                return
        raise AssertionError(f"no way to {name} by Tab")

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    tab_to("Devices")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices")
    tab_to("edge-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/edge-1")
    tab_to("Run")
    page.keyboard.press("Enter")
    page.wait_for_url("**/run")
    expect(page.locator("#run-text")).to_be_focused()
    page.keyboard.type("get-system-information")
    page.keyboard.press("Enter")
    expect(page.locator("#run-reply")).to_contain_text("<host-name>edge-1</host-name>")


def test_the_terminal_lets_the_keyboard_go(house, logged_in):
    page = logged_in(house, "/devices/edge-1/terminal")
    expect(page.locator("#terminal-state")).to_have_text("connected")
    page.keyboard.press("Shift+F6")
    expect(page.get_by_role("button", name="Disconnect")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#terminal-state")).not_to_have_text("connected")


def test_the_first_page_is_small(house, visit):
    page = visit(house.url)
    sizes = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(house.link())
    page.get_by_role("button", name="Open the console").click()
    page.wait_for_url(house.url + "/")
    page.wait_for_load_state()
    assert sum(sizes) < 250 * 1024, sizes


def test_files_are_compressed_and_kept(house, logged_in):
    page = logged_in(house)
    answers = []
    page.on("response", lambda response: "/assets/" in response.url and answers.append(response))
    page.goto("/devices/edge-1/terminal")
    expect(page.locator("#terminal-state")).to_have_text("connected")
    said = {response.url.split("/")[-1].split(".")[0]: response.headers for response in answers}
    for name in ("xterm", "terminal"):
        assert said[name]["content-encoding"] == "gzip", name
        assert said[name]["vary"] == "accept-encoding", name
        assert "immutable" in said[name]["cache-control"], name


def test_no_menu_entry_is_empty(new_house, logged_in):
    """On a gateway that nobody used yet each page of the menu says what it is for, or what to type."""
    page = logged_in(new_house())
    links = page.locator("header.side nav a")
    paths = links.evaluate_all("all => all.map((link) => link.getAttribute('href'))")
    assert len(paths) >= 7, paths
    for path in paths:
        page.goto(path)
        expect(page.locator("nav [aria-current=page]").first).to_be_visible()
        expect(page.locator("main h1")).to_be_visible()
        said = page.locator("main").inner_text().replace(page.locator("main h1").inner_text(), "")
        assert len(said.split()) >= 6, (path, said)
        has_next = page.locator("main").locator("a[href], button, code, pre").count()
        assert has_next, f"{path} says nothing to do"


def test_a_page_loaded_anew_keeps_what_was_unfolded(house, logged_in):
    """A live refresh changes what changed, and nothing else."""
    page = logged_in(house, "/devices/edge-1")
    details = page.locator(".attempt details").first
    details.locator("summary").click()
    house.gateway.run("device", "set", "edge-1", "--tag", "note=kept")
    expect(page.locator("#facts")).to_contain_text("note=kept")
    expect(details).to_have_attribute("open", "")
