import pytest

from tests.make import merchants as make_merchants
from tests.notifications.receiving import Mailbox, Receiver


@pytest.fixture
def merchant(db):
    return make_merchants.merchant()


@pytest.fixture
def receiver():
    listening = Receiver()
    yield listening
    listening.stop()


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    yield box
    box.stop()
