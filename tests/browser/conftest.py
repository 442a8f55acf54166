"""What the tests share: a browser, gateways with their agents, pages that must stay clean."""

import re
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

import house as houses  # noqa: E402
import pydevice  # noqa: E402
from house import programs  # noqa: E402

PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def binaries():
    programs.check_binaries()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = houses.chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def new_house():
    """Makes houses of a test's own, of which it may change or break everything."""
    made = []

    def make(**more):
        made.append(houses.House(**more))
        return made[-1]

    yield make
    for one in reversed(made):
        one.stop()


@pytest.fixture(scope="module")
def house():
    """The house of a module: one device in session."""
    house = houses.House()
    try:
        house.device("edge-1", "--tag", "site=fra")
        yield house
    finally:
        house.stop()


class Visit:
    """A browser window of its own, whose console and network are watched."""

    def __init__(self, browser, url, **more):
        more.setdefault("viewport", {"width": 1280, "height": 720})
        self.context = browser.new_context(base_url=url, **more)
        self.context.set_default_timeout(PATIENCE)
        self.url = url
        self.faults = []
        self.outside = []
        self.page = self.context.new_page()
        self.watch(self.page)

    def watch(self, page):
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._said)
        page.on("request", self._asked)

    def _said(self, message):
        # A page that answers 4xx or a gateway that is away is no fault of the scripts.
        if message.type == "error" and not re.search(r"Failed to load resource|ERR_|WebSocket", message.text):
            self.faults.append(message.text)

    def _asked(self, request):
        if not request.url.startswith((self.url, "data:", "blob:", self.url.replace("http", "ws", 1))):
            self.outside.append(request.url)

    def check(self):
        """No script failed, nothing was refused by the Content-Security-Policy, nothing was asked of anybody else."""
        assert not self.faults, self.faults
        assert not self.outside, self.outside


@pytest.fixture
def visit(browser):
    """Opens windows; each is checked at the end of the test."""
    visits = []

    def open_window(url, **more):
        visits.append(Visit(browser, url, **more))
        return visits[-1].page

    yield open_window
    try:
        for one in visits:
            one.check()
    finally:
        for one in visits:
            one.context.close()


@pytest.fixture
def logged_in(visit):
    """Opens a page for somebody who is logged in: the owner by a link, a user by a one-time password."""

    def come(house, path="/", user=None, password=None, **more):
        page = visit(house.url, **more)
        if user:
            page.goto("/login")
            page.get_by_label("User").fill(user)
            page.get_by_label("One-time password").fill(password)
            page.get_by_role("button", name="Log in", exact=True).click()
        else:
            page.goto(house.link())
            page.get_by_role("button", name="Open the console").click()
        page.wait_for_url(house.url + "/")
        if path != "/":
            page.goto(path)
        return page

    return come


def accessible(page, where=""):
    """axe-core finds nothing serious or critical on the page as it stands."""
    found = Axe().run(page).response["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    told = [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}" for one in bad]
    assert not told, f"{where or page.url}\n" + "\n".join(told)


@pytest.fixture
def loop():
    loop = pydevice.Loop()
    yield loop
    loop.stop()


@pytest.fixture(name="accessible")
def accessible_fixture():
    return accessible
