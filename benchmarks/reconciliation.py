"""
How long a comparison takes, what it finds of what was planted, and how it grows.

Starts a cluster of its own with fsync on. First the whole way at 100,000: the ledger posts as
many lines, a report of as many rows and a statement of a thousand entries are imported, and one
run compares them; one line of a hundred is wrong. Beside it pandas joins the same lines. Then
runs over rows that are copied into place, from 10,000 to 1,000,000.

    make bench-reconciliation            (ROWS=100000 SIZES="10000 100000 1000000")
"""

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import cluster
from sandbox.progress import Progress
from tests.make import planted

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "benchmarks" / "results" / "reconciliation.json"
ROWS = int(os.environ.get("ROWS", "100000"))
SIZES = [int(size) for size in os.environ.get("SIZES", "10000 100000 1000000").split()]
_TABLES = "line, expectation, batch, break, bankproof, runtotal, run, statement, setaside, import"


def compared() -> tuple[float, Any]:
    """Run a comparison; return its seconds and its outcome."""
    from fintech.kernel import actor
    from fintech.reconciliation import services as reconciliation

    began = time.perf_counter()
    run = reconciliation.run(
        source=planted.SOURCE, by=actor.system("bench"), at=planted.COMPARED_AT
    )
    return time.perf_counter() - began, run


def judged(world: planted.World) -> dict[str, Any]:
    """Hold what was found against what was planted."""
    found, wanted = Counter(planted.found()), Counter(world.planted)
    return {
        "planted": sum(wanted.values()),
        "planted_found_share": round(sum((found & wanted).values()) / sum(wanted.values()), 6),
        "invented_breaks": sum((found - wanted).values()),
        "examples_invented": [str(one) for one in list(found - wanted)[:3]],
        "examples_missed": [str(one) for one in list(wanted - found)[:3]],
    }


def whole(progress: Progress) -> dict[str, Any]:
    """Go the whole way once: journal, files, run; in a process of its own for its memory."""
    with tempfile.TemporaryDirectory() as name:
        told = Path(name, "told.json")
        subprocess.run(
            [sys.executable, "-m", "benchmarks.reconciliation", "--whole", str(told)],
            cwd=ROOT,
            check=True,
        )
        result: dict[str, Any] = json.loads(told.read_text())
    progress.say(f"{ROWS}: {result}")
    return result


def _whole(told: Path) -> None:
    """Make the truth, stage it, and run the comparison in a child that does nothing else."""
    world = planted.World(ROWS)
    planted.record_rates()
    began = time.perf_counter()
    planted.post(world)
    posted = time.perf_counter() - began
    folder = told.parent
    for name, pieces in (("report.csv", world.report()), ("statement.xml", world.statement())):
        with (folder / name).open("wb") as file:
            file.writelines(pieces)
    child = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.reconciliation", "--run", str(folder)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()[-1]
    )
    result = {
        "ledger_lines": len(world.expected),
        "report_lines": len(world.reported),
        "bank_entries": len(world.entries),
        "seconds_to_post": round(posted, 2),
        **child,
        **judged(world),
        "pandas_seconds": round(pandas_join(world), 3),
    }
    told.write_text(json.dumps(result))


def _run(folder: Path) -> None:
    from fintech.kernel import actor, clock
    from fintech.reconciliation import services as reconciliation

    began = time.perf_counter()
    for name in ("report.csv", "statement.xml"):
        with (folder / name).open("rb") as content:
            reconciliation.import_file(
                content=content, name=name, by=actor.system("bench"), at=clock.now()
            )
    imported = time.perf_counter() - began
    seconds, run = compared()
    print(
        json.dumps(
            {
                "seconds_to_import": round(imported, 2),
                "seconds": round(seconds, 2),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "matched_rows": run.matched,
                "opened": run.opened,
            }
        )
    )


def pandas_join(world: planted.World) -> float:
    """Join the same lines as a notebook would, and mark where they differ."""
    import pandas as pd

    ours = pd.DataFrame(
        [(one.reference, one.currency, one.amount, one.fee) for one in world.expected],
        columns=["reference", "currency", "amount", "fee"],
    )
    theirs = pd.DataFrame(
        [(one.reference, one.currency, one.gross, one.fee) for one in world.reported],
        columns=["reference", "currency", "amount", "fee"],
    )
    gc.collect()
    began = time.perf_counter()
    joined = ours.merge(
        theirs, how="outer", on="reference", suffixes=("_ours", "_theirs"), indicator=True
    )
    joined["differs"] = (
        (joined["_merge"] != "both")
        | (joined["amount_ours"] != joined["amount_theirs"])
        | (joined["fee_ours"] != joined["fee_theirs"])
    )
    joined["differs"].sum()
    return time.perf_counter() - began


def staged(rows: int, owner: psycopg.Connection[Any]) -> planted.World:
    """Copy a truth of some size into place, as an import and a reading of the journal would."""
    world = planted.World(rows)
    owner.execute("SET search_path = reconciliation, public")
    for table in _TABLES.split(", "):
        owner.execute(f"TRUNCATE reconciliation_{table} CASCADE")
    report, statement = uuid.uuid4(), uuid.uuid4()
    for number, (file, name) in enumerate(((report, "processor"), (statement, "bank")), start=1):
        owner.execute(
            "INSERT INTO reconciliation_import (id, sha256, name, format, witness, source, state, "
            "reason, reason_line, reason_column, lines, set_aside, created_at, imported_at, "
            "sequence, actor_kind, actor_id, version) VALUES (%s, %s, 'bench', 'bench', %s, %s, "
            "'imported', '', 0, 0, %s, 0, now(), now(), %s, 'system', 'bench', 1)",
            [
                file,
                file.hex,
                name,
                planted.SOURCE if name == "processor" else "bank",
                len(world.reported if name == "processor" else world.entries),
                number,
            ],
        )
    _copy(
        owner,
        "expectation (ledger_line, position, entry_id, provider, kind, reference, currency, "
        "amount_minor, fee_minor, due_on, occurred_at, place, rule)",
        (
            (
                uuid.uuid4(), 0, uuid.uuid4(), planted.SOURCE, "capture", one.reference,
                one.currency, one.amount, one.fee, one.due_on, planted.NOON, "open", "",
            )
            for one in world.expected
        ),
    )  # fmt: skip
    columns = (
        'line (file_id, witness, source, statement, "row", kind, currency, gross_minor, '
        'fee_minor, net_minor, value_on, booked_on, booked, reversal, reference, "references", '
        'batch, "text", details, status, original_currency, original_minor, place, rule)'
    )
    _copy(
        owner,
        columns,
        (
            (
                report, "processor", planted.SOURCE, 0, number, "capture", one.currency, one.gross,
                one.fee, one.gross - one.fee, planted.DAY, planted.DAY, True, False,
                one.reference, [], one.batch, "", 1, one.status, one.original_currency,
                one.original, "open", "",
            )
            for number, one in enumerate(world.reported)
        ),
    )  # fmt: skip
    ordinals = {c: n for n, c in enumerate(sorted({one.currency for one in world.entries}))}
    for currency, ordinal in ordinals.items():
        owner.execute(
            "INSERT INTO reconciliation_statement (file_id, ordinal, account, number, currency, "
            "entries, arithmetic_ok, summary) VALUES (%s, %s, %s, '', %s, 0, NULL, "
            """'{"opening": null, "closing": null, "by_currency": {}}')""",
            [statement, ordinal, planted.ACCOUNT, currency],
        )
    _copy(
        owner,
        columns,
        (
            (
                statement, "bank", "bank", ordinals[one.currency], number, "", one.currency,
                one.amount, 0, one.amount, planted.DAY, planted.DAY, True, False, one.reference,
                [], "", "", 1, "", "", None, "open", "",
            )
            for number, one in enumerate(world.entries)
        ),
    )  # fmt: skip
    owner.execute("ANALYZE")
    return world


def _copy(owner: psycopg.Connection[Any], target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with owner.cursor().copy(f"COPY reconciliation_{target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def grown(owner: psycopg.Connection[Any], progress: Progress) -> dict[str, Any]:
    """Run over copied rows of each size; the same engine, without files and journal."""
    sizes: dict[str, Any] = {}
    for rows in SIZES:
        world = staged(rows, owner)
        seconds, run = compared()
        sizes[str(rows)] = {
            "seconds": round(seconds, 2),
            "microseconds_per_line": round(seconds / rows * 1e6, 1),
            "opened": run.opened,
            **judged(world),
        }
        progress.say(f"{rows}: {sizes[str(rows)]}")
        del world
        gc.collect()
    first, last = SIZES[0], SIZES[-1]
    growth = sizes[str(last)]["seconds"] / sizes[str(first)]["seconds"] / (last / first)
    return {"growth_1m_over_linear": round(growth, 3), "sizes": sizes}


def main() -> int:
    """Measure, print the keys, and write benchmarks/results/reconciliation.json."""
    progress = Progress()
    with cluster.cluster() as seen:
        progress.say("migrated")
        hundred = whole(progress) if ROWS else {}
        with psycopg.connect(seen.owner_url, autocommit=True) as owner:
            growth = grown(owner, progress) if SIZES else {}
    _write(hundred, growth)
    return 0


def _write(hundred: dict[str, Any], growth: dict[str, Any]) -> None:
    result: dict[str, Any] = json.loads(TARGET.read_text()) if TARGET.exists() else {}
    if hundred:
        result |= {
            "seconds_100k": hundred["seconds"],
            "peak_mb_100k": hundred["peak_mb"],
            "planted_found_share": hundred["planted_found_share"],
            "invented_breaks": hundred["invented_breaks"],
            "pandas_outer_join_seconds": hundred["pandas_seconds"],
            "seconds_over_pandas": round(hundred["seconds"] / hundred["pandas_seconds"], 1),
            "whole_way": hundred,
        }
    result |= growth
    result |= {
        "commit": cluster.commit(),
        "workload": f"{ROWS} ledger lines, as many report rows in batches of "
        f"{planted.PER_BATCH}, one bank entry per batch; one line in a hundred wrong, kinds "
        f"{', '.join(planted.LINE_KINDS)}; at the bank {', '.join(planted.BANK_KINDS)}; "
        f"server and run share {os.cpu_count()} cores",
        "load_average_at_end": os.getloadavg(),
    }
    cluster.write("reconciliation", result)


def _django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--whole":
        _django()
        _whole(Path(sys.argv[2]))
    elif len(sys.argv) > 2 and sys.argv[1] == "--run":
        _django()
        _run(Path(sys.argv[2]))
    else:
        sys.exit(main())
