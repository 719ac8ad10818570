"""Every page, in both themes and at two widths: axe finds nothing serious, nothing sticks out."""

import pytest

from tests.e2e import watching
from tests.e2e.addresses import DESK, OPEN


@pytest.mark.parametrize(("theme", "width"), [("light", 1360), ("dark", 390)])
def test_axe_finds_nothing_serious_in_the_back_office(window, theme, width):
    """Every list and every page of ours that the back office's menu names."""
    page = window("staff", width=width, theme=theme)
    page.goto("/admin/")
    named = page.eval_on_selector_all("a[href^='/admin/']", "all => all.map(one => one.pathname)")
    found = []
    for address in sorted(set(named) - {"/admin/logout/", "/admin/password_change/"}):
        page.goto(address)
        found += watching.axe(page, f"{address} {theme} {width}")
    assert len(set(named)) > 20
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
def test_axe_finds_nothing_serious_on_any_page(window, places, theme, width):
    found = []
    for who, pages in (("owner", DESK), ("", OPEN)):
        page = window(who, width=width, theme=theme)
        for name, address in pages.items():
            page.goto(address.format(**places))
            found += watching.axe(page, f"{name} {theme} {width}")
    assert found == []


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_scrolls_sideways(window, places, width):
    sideways = []
    for who, pages in (("owner", DESK), ("", OPEN)):
        page = window(who, width=width)
        for name, address in pages.items():
            page.goto(address.format(**places))
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                sideways.append((name, wide))
    assert sideways == []


def test_every_page_has_one_heading_a_title_and_its_landmarks(window, places):
    page = window()
    odd = []
    for name, address in DESK.items():
        page.goto(address.format(**places))
        marks = [page.locator(what).count() for what in ("h1", "main", "html[lang]")]
        if marks != [1, 1, 1] or not page.title():
            odd.append((name, marks, page.title()))
    assert odd == []


@pytest.mark.share
def test_a_breach_of_the_policy_would_be_seen(world, window):
    """What counts breaches really counts: one is made on purpose, on a tally of its own."""
    seen = watching.Seen()
    context = world.browser.new_context(base_url=world.base)
    watching.watch(context, world.base.removeprefix("http://"), seen)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.evil = 1';"
        " document.head.append(one); }"
    )
    page.evaluate("() => fetch('https://example.invalid/').catch(() => 0)")
    page.wait_for_timeout(100)

    assert page.evaluate("window.evil") is None
    assert len(seen.violations) >= 2
    context.close()


def test_axe_would_find_an_unlabeled_field(window):
    seen = watching.Seen()
    page = window("")
    page.goto("/accounts/login/")
    page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")

    assert any("critical" in one and "label" in one for one in watching.axe(page, "planted", seen))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_chosen(window, theme):
    page = window(theme=theme)
    page.goto("/dashboard/")

    def ground() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    colors = {"light": "rgb(246, 248, 250)", "dark": "rgb(16, 22, 29)"}
    assert ground() == colors[theme]
    other = "dark" if theme == "light" else "light"
    page.locator("summary", has_text="owner@").click()
    with page.expect_navigation():
        page.get_by_role("button", name=other.capitalize(), exact=True).click()
    assert ground() == colors[other]
    page.goto("/dashboard/payments")
    assert ground() == colors[other]


@pytest.mark.share
def test_what_a_page_carries_stays_small(window, places):
    """Page and all its files: at most 250 KB, the payer's at most 100 KB, as sent."""
    for who, address, most in (
        ("owner", "/dashboard/payments", 250_000),
        ("owner", f"/dashboard/payments/{places['payment']}", 250_000),
        ("", f"/pay/{places['link']}", 100_000),
    ):
        page = window(who)
        page.goto(address, wait_until="load")
        page.wait_for_load_state("networkidle")
        sent = page.evaluate(
            "() => [...performance.getEntriesByType('navigation'), "
            "...performance.getEntriesByType('resource')]"
            ".reduce((sum, one) => sum + one.transferSize, 0)"
        )
        assert 0 < sent <= most, address
