"""Paying from a wallet, through the door."""

INTENT = "/v1/payment_intents"


def test_a_wallet_stands_where_a_card_does(api):
    wallet = api.post("/v1/wallets", currency="eur").body["id"]
    api.post(
        f"/v1/wallets/{wallet}/top_ups", amount=5000, currency="eur", payment_method="pm_card_visa"
    )

    paid = api.post(INTENT, amount=4250, currency="eur", payment_method=wallet, confirm=True).body

    assert (paid["status"], paid["payment_method_types"]) == ("succeeded", ["wallet"])
    charge = api.get(f"/v1/charges/{paid['latest_charge']}").body
    assert charge["payment_method_details"] == {
        "card": None,
        "type": "wallet",
        "wallet": {"wallet": wallet},
    }
    method = api.get(f"/v1/payment_methods/{paid['payment_method']}").body
    assert (method["type"], method["card"], method["wallet"]) == (
        "wallet",
        None,
        {"wallet": wallet},
    )

    short = api.post(INTENT, amount=751, currency="eur", payment_method=wallet, confirm=True)
    assert (short.status, short.body["error"]["code"]) == (402, "insufficient_funds")


def test_a_payment_s_hold_is_not_taken_by_another_door(api):
    wallet = api.post("/v1/wallets", currency="eur").body["id"]
    api.post(
        f"/v1/wallets/{wallet}/top_ups", amount=5000, currency="eur", payment_method="pm_card_visa"
    )
    api.post(
        INTENT,
        amount=4250,
        currency="eur",
        payment_method=wallet,
        confirm=True,
        capture_method="manual",
    )
    hold = api.get(f"/v1/wallets/{wallet}/holds").body["data"][0]["id"]
    for verb in ("capture", "release"):
        assert api.post(f"/v1/wallet_holds/{hold}/{verb}").status == 400
