"""
How good the fraud model is beside the Handbook's published table, and how quick.

Weeks and protocol are the book's (7 days of training, 7 days until labels are known, 7
days of test; customers known as defrauded leave the test). One configuration for all
figures. The rings of `../shared/data/aml` are looked for without reading a label.

    make bench-fraud
"""

import json
import os
import statistics
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "benchmarks" / "results" / "fraud.json"
_WEEKS = {"2018-07-04": 94, "2018-07-11": 101, "2018-07-18": 108, "2018-07-25": 115}
_DAY = 86_400
_MEASURES = (
    "average_precision",
    "card_precision_100",
    "auc_roc",
    "money_saved_at_1pct_stopped",
)


def main() -> None:
    """Measure, print the table, and write benchmarks/results/fraud.json."""
    from django.conf import settings

    folder = Path(settings.REAL_DATA_DIR)
    result: dict[str, Any] = {
        "commit": subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
        "workload": "handbook weeks 07-04 to 07-25 of 2018, 7 days train, 7 delay, 7 test;"
        " AMLSim 20K_fanin200; assessments one by one: features, 50 written rules, champion,"
        " reasons, rows and facts, the commit with them, over 4,000 earlier ones; back-test of"
        " 100,000 with 20 rules and a model",
        "load_average": os.getloadavg(),
    }
    result |= accuracy(folder / "fraud")
    result |= rings(folder / "aml")
    result |= paying()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(result, indent=1) + "\n")
    show(result, json.loads((folder / "fraud" / "published.json").read_text()))


def accuracy(folder: Path) -> dict[str, Any]:
    """Train and measure the four validation weeks, as `manage.py score_fraud` would."""
    import numpy as np

    from fintech.fraud.learning import handbook, measures, weeks

    (path,) = folder.glob("handbook_simulated_*.csv.xz")
    began = time.perf_counter()
    rows = handbook.read(path)
    read = time.perf_counter()
    history = weeks.known(rows, delay=7 * _DAY)
    known = time.perf_counter()
    found, rounds, trainings = [], {}, []
    for name, first in _WEEKS.items():
        train = measures.Period(first=first - 14, last=first - 8)
        test = measures.Period(first=first, last=first + 6)
        begun = time.perf_counter()
        weeks.train(history, days=train, before=first * _DAY)
        trainings.append(time.perf_counter() - begun)
        scored = weeks.score(history, train_on=train, test=test)
        scores = np.full(len(rows), np.nan)
        scores[scored.rows] = scored.scores
        left = measures.remaining(rows, train=train, test=test, delay=7 * _DAY)
        found.append(asdict(measures.measure(rows, left, scores[left])))
        rounds[name] = {key: round(value, 4) for key, value in found[-1].items()}
    return {
        **{key: round(statistics.mean(each[key] for each in found), 4) for key in _MEASURES},
        # Features of the whole file, then the forest: what a first training would take.
        "training_7d_s": round(known - read + statistics.median(trainings), 2),
        "training_forest_s": round(statistics.median(trainings), 2),
        "reading_file_s": round(read - began, 2),
        "weeks": rounds,
    }


def rings(folder: Path) -> dict[str, Any]:
    """Look for rings."""
    from fintech.fraud.learning import rings

    transfers, accounts, ring = rings.read(folder, "20K_fanin200")
    return {
        "ring_recall_at_1pct": round(rings.recall(rings.suspicion(transfers, accounts), ring), 4)
    }


def paying() -> dict[str, Any]:
    """Measure one assessment, the model alone, and a back-test, on a database of its own."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", database="owner", verbosity=0)
    from benchmarks import fraud_payments

    return fraud_payments.measure()


def show(result: dict[str, Any], published: dict[str, Any]) -> None:
    """Print the book's table beside ours, then what else was measured."""
    print(f"{'mean of four validation weeks':36} {'AUC ROC':>8} {'AP':>8} {'CP@100':>8}")
    table = published["chapter_5_validation_mean_of_4_folds"]
    ours = [result["auc_roc"], result["average_precision"], result["card_precision_100"]]
    for name, row in [*table.items(), ("ours", ours)]:
        if isinstance(row, list):
            print(f"{name:36} {row[0]:8.3f} {row[1]:8.3f} {row[2]:8.3f}")
    for key, value in result.items():
        if isinstance(value, int | float):
            print(f"{key:36} {value:>8}")
    print(f"written to {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
