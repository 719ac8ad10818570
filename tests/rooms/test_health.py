"""The instance says how it is."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_is_ready_with_its_servers():
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (
        200,
        {"database": True, "valkey": True},
    )


def test_lives_without_them():
    assert Client().get("/livez").json() == {"status": "live"}


@pytest.mark.django_db
def test_without_valkey_it_is_still_ready(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["valkey"]) == (200, False)


@pytest.mark.django_db
def test_metrics_are_prometheus_text():
    Client().get("/livez")
    text = Client().get("/metrics").content.decode()
    assert 'http_requests_total{door="other",method="GET",status="200"}' in text
    assert "oldest_writer_seconds" in text
    assert 'provider_circuit_state{provider="simulator"} 0.0' in text
    assert "provider_states_shared 1.0" in text


def test_card_numbers_do_not_reach_a_log():
    from config.logs import mask_cards

    line = {"event": "paid with 4242 4242 4242 4242", "request": "req_1234567890123456"}
    assert mask_cards(None, "info", line) == {
        "event": "paid with [card]",
        "request": "req_1234567890123456",
    }
