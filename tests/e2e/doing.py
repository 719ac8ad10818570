"""What people do at their windows, with the mouse or with the keyboard alone."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

_MOST_TABS = 120
_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return '';
  const labels = [...(one.labels || [])].map((label) => label.innerText).join(' ');
  return [one.getAttribute('aria-label') || '', labels, one.innerText || one.value || ''].join(' ').trim();
}"""
_VISIBLE = """() => {
  const one = document.activeElement, looks = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  return looks.outlineStyle !== 'none' && parseFloat(looks.outlineWidth) >= 2 && box.width > 0;
}"""

CARD = "4242 4242 4242 4242"


def path(page: Page) -> str:
    """Where the window is."""
    return urlsplit(page.url).path


def tab_to(page: Page, words: str, *, backwards: bool = False) -> None:
    """Press Tab until what is focused says these words, and see that the focus is visible."""
    passed = []
    for _ in range(_MOST_TABS):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        said = " ".join(str(page.evaluate(_FOCUSED)).split())
        passed.append(said[:40])
        if re.search(words, said, re.IGNORECASE):
            assert page.evaluate(_VISIBLE), f"the focus on {said!r} cannot be seen"
            return
    raise AssertionError(f"no way to {words!r} by Tab; passed {passed}")


def pay_with(page: Page, number: str = CARD, *, email: str = "ada@example.com") -> None:
    """Fill in the card form and send it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry date").fill("12/34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("Ada Payer")
    page.get_by_role("button", name=re.compile("^Pay")).click()


def sees(page: Page, words: str | re.Pattern[str]) -> None:
    """Wait until the page says something."""
    expect(page.locator("main")).to_contain_text(words)


def checkout_session(world) -> dict:
    """A page made for one sale of two things."""
    items = [
        {
            "price_data": {
                "currency": "eur",
                "unit_amount": minor,
                "product_data": {"name": name},
            },
            "quantity": quantity,
        }
        for name, minor, quantity in (("Spring reading bundle", 2450, 2), ("Postage", 490, 1))
    ]
    return world.api.post(
        "/v1/checkout/sessions",
        {
            "line_items": items,
            "success_url": f"{world.base}/docs/quickstart?session={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{world.base}/docs/errors",
            "customer_email": "ada@example.com",
        },
    )
