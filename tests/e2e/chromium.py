"""Where Debian's Chromium is, and how it is started: nothing is downloaded by us."""

import os
import shutil
from pathlib import Path

MISSING = (
    "Chromium is not installed; the browser tests do not run. On Debian: apt-get install chromium "
    "(or name the program in CHROMIUM)."
)
ARGUMENTS = (
    "--no-sandbox",  # Tests may run as root; every page is our own.
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
)


def path() -> Path | None:
    """Return the program, or nothing."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser"):
        found = shutil.which(name) if name else None
        if found:
            return Path(found)
    return None
