"""
Pictures of the main pages, in both themes, at 1360 and 390 px: to be looked at one by one.

    python -m tests.e2e.pictures FOLDER [name ...]

Names are those of `PAGES`; without any all of them are taken.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from sandbox.instance import Instance
from sandbox.progress import Progress
from tests.e2e import chromium

# The page's name: who looks at it, and where it is; {…} is filled in by `conftest.places`.
PAGES = {
    "home": ("owner", "/dashboard/"),
    "payments": ("owner", "/dashboard/payments"),
    "payment": ("owner", "/dashboard/payments/{payment}"),
    "refund": ("owner", "/dashboard/payments/{payment}/refund"),
    "refunds": ("owner", "/dashboard/refunds"),
    "balance": ("owner", "/dashboard/balance"),
    "links": ("owner", "/dashboard/links"),
    "customers": ("owner", "/dashboard/customers"),
    "keys": ("owner", "/dashboard/keys"),
    "webhooks": ("owner", "/dashboard/webhooks"),
    "webhook": ("owner", "/dashboard/webhooks/{endpoint}"),
    "requests": ("owner", "/dashboard/requests"),
    "simulate": ("owner", "/dashboard/simulate"),
    "statement": ("owner", "/dashboard/statements/{month}/EUR"),
    "team": ("owner", "/dashboard/team"),
    "pay": ("", "/pay/{link}"),
    "session": ("", "/pay/session/{session}"),
    "closed": ("", "/pay/{closed}"),
    "sign-in": ("", "/accounts/login/"),
    "states": ("", "/docs/states"),
    "review-desk": ("staff", "/admin/payments/review/desk/"),
    "breaks-desk": ("staff", "/admin/reconciliation/break/desk/"),
    "timeline": ("staff", "/admin/web/payment/{uuid}/change/"),
    "routes": ("staff", "/admin/payments/route/"),
    "new-route": ("staff", "/admin/payments/route/add/"),
    "providers": ("staff", "/admin/payments/providerhold/"),
    "back-office": ("staff", "/admin/"),
    "rule": ("staff", "/admin/fraud/rule/add/"),
    "back-test": (
        "staff",
        "/admin/fraud/rule/back-test/?days=30&points=0&condition=amount+%3E+1&decision=review",
    ),
    "alerts": ("staff", "/admin/fraud/alert/"),
}


def main(arguments: list[str]) -> int:
    """Start a throw-away instance with its story and take the pictures."""
    os.environ["E2E"] = "all"
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "OBJECTS_DIR"):
        os.environ.pop(name, None)
    from fintech.kernel import ids
    from tests.e2e.conftest import World, one_of_everything

    folder, wanted = Path(arguments[0]), arguments[1:] or list(PAGES)
    folder.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="fintech-pictures-"))
    state.chmod(0o711)  # The database's own account walks through it.
    instance = Instance(state, base_port=19_500, progress=Progress(sys.stderr), throwaway=True)
    try:
        with instance, sync_playwright() as playwright:
            kept = state / "logins.json"
            instance.seed("--payments", "500", "--logins", str(kept))
            browser = playwright.chromium.launch(
                executable_path=chromium.path(), args=list(chromium.ARGUMENTS)
            )
            world = World(instance, json.loads(kept.read_text()), browser)
            places = one_of_everything(world)
            places["uuid"] = str(ids.parse("pi", places["payment"]))
            for name in wanted:
                who, address = PAGES[name]
                for theme in ("light", "dark"):
                    for width in (1360, 390):
                        window = world.window(who, width=width, theme=theme)
                        page = window.new_page()
                        page.goto(address.format(**places), wait_until="networkidle")
                        page.wait_for_timeout(150)
                        picture = folder / f"{name}-{width}-{theme}.png"
                        page.screenshot(path=picture, full_page=True)
                        window.close()
            browser.close()
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
