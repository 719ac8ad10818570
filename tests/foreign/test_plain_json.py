"""The same steps in plain JSON, as the documentation shows them with curl."""

import threading

INTENT = "/v1/payment_intents"
ORDER = {"amount": 4250, "currency": "eur"}


def test_the_journey_of_one_payment(plain):
    made = plain.post(
        INTENT, json={**ORDER, "payment_method": "pm_card_visa", "capture_method": "manual"}
    ).json()
    path = f"{INTENT}/{made['id']}"

    assert plain.post(f"{path}/confirm").json()["status"] == "requires_capture"
    assert plain.post(f"{path}/capture").json()["status"] == "succeeded"
    refund = plain.post("/v1/refunds", json={"payment_intent": made["id"], "amount": 1000})
    assert refund.json()["status"] == "succeeded"
    assert plain.get(path).json()["amount_received"] == 4250


def test_json_and_form_twins_give_the_same_answer(plain):
    first = plain.post(INTENT, json=ORDER, headers={"Idempotency-Key": "once"})
    again = plain.post(INTENT, data=ORDER, headers={"Idempotency-Key": "once"})

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content


def test_one_key_sent_many_times_at_once_has_one_effect(plain, acquirer):
    body = {**ORDER, "payment_method": "pm_card_visa", "confirm": True}
    answers = []

    def send() -> None:
        answers.append(plain.post(INTENT, json=body, headers={"Idempotency-Key": "once"}))

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert sum(acquirer.asked.values()) == 1
