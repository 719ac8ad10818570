"""
A client that openapi-python-client made of our document, driving our own resources.

Every request and answer goes through the generated classes: what the document does not
say right fails here.
"""

import importlib
import time

from checking import API_KEY, BASE_URL, check, run, same
from generated_client import models
from generated_client.client import AuthenticatedClient

client = AuthenticatedClient(base_url=BASE_URL, token=API_KEY, raise_on_unexpected_status=True)
RUN = str(time.time_ns())
kept: dict = {}
# A bank's statement with one line, written for this check.
MT940 = """:20:{run}
:25:DE89370400440532013000
:28C:1/1
:60F:C261101EUR0,00
:61:2611011101C12,34NTRFNONREF
:86:Words
:62F:C261101EUR12,34
-"""


def ask(room: str, name: str, *path: str, body: dict | None = None, sent=None, **query):
    """Call one generated function, and return its parsed answer."""
    module = importlib.import_module(f"generated_client.api.{room}.{room}_{name}")
    if body is not None:
        words = f"{room}_{name}_json_body".split("_")
        made = getattr(models, "".join(word.capitalize() for word in words))
        query["body"] = made.from_dict(body)
    if sent is not None:
        query["body"] = sent
    answer = module.sync_detailed(*path, client=client, **query)
    if answer.status_code != 200:
        raise AssertionError(f"{answer.status_code} {answer.content[:200]!r}")
    same(type(answer.parsed).__module__.startswith("generated_client.models"), True)
    return answer.parsed


def refused(room: str, name: str, *path: str, body: dict | None) -> str:
    """The code with which a call is refused."""
    try:
        ask(room, name, *path, body=body)
    except AssertionError as error:
        return str(error)
    raise AssertionError("not refused")


@check("wallets: one is opened")
def _():
    kept["wal"] = ask("wallets", "create", body={"currency": "eur", "owner": "Ada"}).id


@check("wallets: topped up by card")
def _():
    told = ask(
        "wallets", "top_up", kept["wal"],
        body={"amount": 2000, "currency": "eur", "payment_method": "pm_card_visa"},
    )  # fmt: skip
    same((told.status, told.amount), ("succeeded", 2000))


@check("wallets: part is held, captured and released")
def _():
    hold = ask("wallets", "hold", kept["wal"], body={"amount": 500, "currency": "eur"})
    same(ask("wallets", "capture_hold", hold.id, body={"amount": 300}).status, "captured")
    kept["whd"] = hold.id
    other = ask("wallets", "hold", kept["wal"], body={"amount": 100, "currency": "eur"})
    same(ask("wallets", "release_hold", other.id).status, "released")


@check("wallets: the balance is what is left")
def _():
    one = ask("wallets", "retrieve", kept["wal"]).balances[0]
    same((one.posted, one.held, one.available), (1700, 0, 1700))


@check("wallets: holds and movements are listed")
def _():
    same(len(ask("wallets", "list_holds", kept["wal"]).data), 2)
    same(len(ask("wallets", "list_movements", kept["wal"]).data) >= 2, True)


@check("wallets: frozen and unfrozen")
def _():
    same(ask("wallets", "freeze", kept["wal"]).status, "frozen")
    same(ask("wallets", "unfreeze", kept["wal"]).status, "active")


@check("wallets: more than there is is refused by its code")
def _():
    body = {"amount": 99_999, "currency": "eur"}
    same("balance_insufficient" in refused("wallets", "hold", kept["wal"], body=body), True)


@check("wallets: changed, with more currencies and a minimum that stays")
def _():
    same(ask("wallets", "update", kept["wal"], body={"tier": "basic"}).tier, "basic")
    kept["other"] = ask("wallets", "create", body={"currency": "eur"}).id
    told = ask("wallets", "add_currencies", kept["other"], body={"currencies": ["usd"]})
    same(told.currencies, ["eur", "usd"])
    body = {"currency": "eur", "minimum_balance": 200}
    least = ask("wallets", "set_minimum_balance", kept["wal"], body=body).minimum_balances
    same([(one.currency, one.minimum_balance) for one in least], [("eur", 200)])
    same(ask("wallets", "retrieve_balances", kept["wal"]).balances[0].available, 1500)
    body = {"currency": "eur", "minimum_balance": -1}
    said = refused("wallets", "set_minimum_balance", kept["wal"], body=body)
    same("overdraft_not_allowed" in said, True)
    same(kept["wal"] in [one.id for one in ask("wallets", "index").data], True)


@check("wallets: a transfer goes, comes back, and is listed")
def _():
    body = {"source": kept["wal"], "destination": kept["other"], "currency": "eur", "amount": 300}
    sent = ask("wallet_transfers", "create", body=body)
    same((sent.status, sent.amount, sent.approval_reasons), ("succeeded", 300, []))
    back = ask("wallet_transfers", "reverse", sent.id)
    same(back.status, "reversed")
    same(ask("wallet_transfers", "retrieve", sent.id).status, "reversed")
    listed = ask("wallet_transfers", "index", wallet=kept["other"]).data
    same([one.id for one in listed], [sent.id])


@check("wallets: a dry run of a transfer says what it would do")
def _():
    body = {"source": kept["wal"], "destination": kept["other"], "currency": "eur", "amount": 300}
    told = ask("wallet_transfers", "create", body=body, dry_run="true")
    same((told.object_, told.result["status"]), ("dry_run", "succeeded"))
    same([one["available"] for one in told.balances], [1200, 300])
    same(ask("wallets", "retrieve_balances", kept["wal"]).balances[0].available, 1500)


@check("wallets: a quote converts, with its spread")
def _():
    body = {"amount": 1000, "currency": "eur", "destination_currency": "usd"}
    quote = ask("wallet_transfers", "create_quote", body=body)
    same(ask("wallet_transfers", "retrieve_quote", quote.id).status, "open")
    body = {"source": kept["wal"], "destination": kept["other"], "quote": quote.id}
    sent = ask("wallet_transfers", "create", body=body)
    same((sent.received.currency, sent.received.amount), ("usd", quote.destination.amount))
    same(ask("wallet_transfers", "retrieve_quote", quote.id).status, "used")


@check("wallets: a withdrawal leaves for the bank")
def _():
    body = {"amount": 100, "currency": "eur", "account": "DE89370400440532013000"}
    gone = ask("wallet_withdrawals", "create", kept["wal"], body=body)
    same(gone.status in {"paid", "pending"}, True)
    same(ask("wallet_withdrawals", "retrieve", gone.id).amount, 100)
    same([one.id for one in ask("wallet_withdrawals", "index", kept["wal"]).data], [gone.id])


@check("wallets: a statement is a chain from nothing to what is in it")
def _():
    told = ask("wallets", "retrieve_statement", kept["wal"], limit=100)
    same((told.closing_balance, told.lines[-1].balance), (600, 600))
    same([line.sequence for line in told.lines], list(range(1, len(told.lines) + 1)))


@check("limits: made, used, told with the arithmetic, changed and removed")
def _():
    made = ask(
        "limits", "create",
        body={"scope": "wallet", "kind": "amount", "window": "day", "maximum": 50,
              "currency": "usd", "converts": True, "subject": kept["wal"][4:]},
    )  # fmt: skip
    same((made.converts, made.reversal), (True, "gives_back"))
    same(ask("limits", "retrieve_usage", made.id).left, 50)
    same(ask("limits", "retrieve", made.id).maximum, 50)
    same(ask("limits", "update", made.id, body={"maximum": 60}).maximum, 60)
    same(made.id in [one.id for one in ask("limits", "index").data], True)
    same(ask("limits", "delete", made.id).deleted, True)


@check("wallets: closed once it is empty")
def _():
    empty = ask("wallets", "create", body={"currency": "jpy"}).id
    same(ask("wallets", "close", empty).status, "closed")
    same("wallet_not_empty" in refused("wallets", "close", kept["wal"], body=None), True)


@check("ledger: a hold's entries balance")
def _():
    entries = ask("ledger", "index", wallet_hold=kept["whd"]).data
    same([one.kind for one in entries], ["pending", "capture"])
    one = ask("ledger", "retrieve", entries[0].id)
    signed = [line.amount * (1 if line.direction == "debit" else -1) for line in one.lines]
    same((len(signed) >= 2, sum(signed)), (True, 0))


@check("ledger: own accounts, an entry, its lines and its reverse")
def _():
    code = {"type": "asset", "currency": "eur"}
    cash = ask("ledger_accounts", "create", body={**code, "code": f"1-{RUN}"})
    sales = ask("ledger_accounts", "create", body={**code, "code": f"4-{RUN}", "type": "income"})
    lines = [
        {"account": cash.id, "direction": "debit", "amount": 700},
        {"account": sales.id, "direction": "credit", "amount": 700},
    ]
    entry = ask("ledger", "create", body={"lines": lines})
    same(ask("ledger_accounts", "retrieve", cash.id).posted, 700)
    told = ask("ledger_accounts", "lines", cash.id).data
    same([(line.amount, line.entry) for line in told], [(700, entry.id)])
    ask("ledger", "reverse", entry.id)
    same(ask("ledger_accounts", "retrieve", cash.id).posted, 0)
    same({one.id for one in ask("ledger_accounts", "index").data} >= {cash.id, sales.id}, True)


@check("fraud: a payment was assessed")
def _():
    body = {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    paid = ask("payment_intents", "create", body=body)
    same(paid.status, "succeeded")
    found = ask("fraud", "list_assessments", payment_intent=paid.id).data[0]
    same(ask("fraud", "retrieve_assessment", found.id).decision, "allow")


@check("fraud: a risky payment waits, and a person says yes")
def _():
    body = {"amount": 900, "currency": "eur", "payment_method": "pm_card_riskLevelElevated",
            "confirm": True}  # fmt: skip
    paid = ask("payment_intents", "create", body=body)
    same(paid.status, "processing")
    case = ask("fraud", "list_cases", payment_intent=paid.id).data[0]
    same(ask("fraud", "approve_case", case.id).status, "succeeded")


@check("fraud: a list gains and loses an item")
def _():
    item = ask("fraud", "add_item", "blocklist",
               body={"kind": "customer", "value": ask("customers", "create", body={}).id})  # fmt: skip
    listed = ask("fraud", "list_items", "blocklist").data
    same(item.id in [one.id for one in listed], True)
    same(ask("fraud", "remove_item", "blocklist", item.id).deleted, True)


@check("reconciliation: a statement is brought, as a file")
def _():
    from io import BytesIO

    from generated_client.types import File

    file = File(payload=BytesIO(MT940.format(run=RUN[-10:]).encode()), file_name=f"{RUN}.sta")
    brought = ask(
        "reconciliation",
        "bring_statement",
        sent=models.ReconciliationBringStatementFilesBody(file=file),
    )
    same(ask("reconciliation", "retrieve_statement", brought.id).id, brought.id)
    same(len(ask("reconciliation", "list_statements").data) >= 1, True)


@check("reconciliation: a run compares, and is found again")
def _():
    done = ask("reconciliation", "run", body={"source": "simulator"})
    same(done.status.startswith("completed"), True)
    same(ask("reconciliation", "retrieve_run", done.id).id, done.id)
    same(done.id in [one.id for one in ask("reconciliation", "list_runs").data], True)


@check("reconciliation: breaks are listed")
def _():
    same(ask("reconciliation", "list_breaks").object_, "list")


@check("every operation has a function")
def _():
    import pkgutil

    from checking import document
    from generated_client import api

    made = {
        module.name.rpartition(".")[2]
        for module in pkgutil.walk_packages(api.__path__, "generated_client.api.")
        if not module.ispkg
    }
    wanted = {one["operationId"] for path in document()["paths"].values() for one in path.values()}
    same(sorted(wanted - made), [])


run()
