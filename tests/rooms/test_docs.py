"""What the docs name exists."""

import re
from pathlib import Path

import pytest

import fintech

ROOT = Path(fintech.__file__).parents[1]
STATES = {"done", "prepared", "not yet", "declined"}
CONTEXTS = (
    "merchants",
    "ledger",
    "wallets",
    "fraud",
    "payments",
    "reconciliation",
    "notifications",
    "audit",
)


def scope_rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "scope.md").read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| ")
    ]
    return [row for row in rows if row[0] != "what"]


def named_paths(text: str) -> list[str]:
    tops = (
        "fintech",
        "config",
        "sandbox",
        "tests",
        "docs",
        "benchmarks",
        ".github",
        ".ci",
        "Dockerfile",
        "Makefile",
    )
    return [
        name
        for name in re.findall(r"`([^`\s]+)`", text)
        if name.split("/")[0] in tops and "." not in name.split("/")[0][1:]
    ]


def exists(name: str) -> bool:
    """Whether a named path exists, and in it the test that is named after `::`."""
    path, _, test = name.partition("::")
    if not (ROOT / path).exists():
        return False
    return not test or f"def {test.split('[')[0].split('::')[-1]}(" in (ROOT / path).read_text()


def test_scope_names_only_what_exists():
    missing = [
        (row[0], path)
        for row in scope_rows()
        for path in named_paths(" ".join(row))
        if not exists(path)
    ]
    assert missing == []


def test_scope_has_an_honest_state_for_each_row():
    rows = scope_rows()
    assert len(rows) > 80
    assert {row[3] for row in rows} <= STATES
    assert [row[0] for row in rows if row[3] == "done" and row[1] == "—"] == []


def test_named_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "docs" / "scope.md", ROOT / "README.md"):
        assert set(re.findall(r"`make ([a-z-]+)`", page.read_text())) <= targets


def test_named_commands_exist():
    commands = {path.stem for path in (ROOT / "fintech").rglob("management/commands/*.py")}
    known = commands | {"migrate", "makemigrations"}
    for page in [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "fintech").rglob("README.md"),
    ]:
        found = set(re.findall(r"`manage\.py ([a-z_]+)", page.read_text()))
        assert found <= known, page


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_context_has_its_page(context):
    page = (ROOT / "fintech" / context / "README.md").read_text()
    assert len(page.splitlines()) < 150
    missing = [path for path in named_paths(page) if not exists(path)]
    assert missing == []


def test_a_word_has_one_row():
    words = re.findall(r"^\| ([a-z, ]+) \|", (ROOT / "docs" / "words.md").read_text(), re.MULTILINE)
    single = [word.strip() for row in words for word in row.split(",")]
    assert len(single) == len(set(single))


def test_no_file_names_a_machine():
    suffixes = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".html", ".css", ".js"}
    needle = "/wo" + "rk/"
    found = [
        str(path.relative_to(ROOT))
        for top in ("fintech", "config", "sandbox", "tests", "docs", "benchmarks")
        for path in (ROOT / top).rglob("*")
        if path.suffix in suffixes and needle in path.read_text(errors="ignore")
    ]
    assert found == []
