"""A mail: one message by SMTP, plain text and HTML, to a payer or to a merchant's owners."""

import smtplib
import time
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from fintech.notifications.channels.outcome import Outcome, Verdict
from fintech.notifications.data import Failure

_PERMANENT = range(500, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is to be sent to whom. The address exists here for as long as that takes."""

    delivery: str  # Becomes the Message-ID: a repetition can be recognized.
    to: tuple[str, ...] = field(repr=False)
    subject: str
    text: str
    html: str
    sender: str = ""
    unsubscribe: str = ""  # Where one click ends mails of this kind.


def send(mail: Mail, *, line: BaseEmailBackend | None = None) -> Outcome:
    """Hand a mail to the server once and say what came of it. Never raises for the server."""
    began = time.monotonic()
    try:
        message = message_of(mail)
        message.connection = line
        message.send()
        outcome = Outcome(verdict=Verdict.DELIVERED, code="delivered", status=250)
    except smtplib.SMTPRecipientsRefused as refused:
        outcome = _refused(*next(iter(refused.recipients.values())))
    except smtplib.SMTPResponseException as refused:
        outcome = _refused(refused.smtp_code, refused.smtp_error)
    except (ValueError, UnicodeError):
        outcome = Outcome(verdict=Verdict.GIVE_UP, code="address_invalid")
    except TimeoutError:
        outcome = Outcome(verdict=Verdict.RETRY, code="timeout", failure=Failure.TECHNICAL)
    except (smtplib.SMTPException, OSError) as broken:
        outcome = Outcome(
            verdict=Verdict.RETRY,
            code="connection_failed",
            excerpt=type(broken).__name__,
            failure=Failure.TECHNICAL,
        )
    return replace(outcome, duration_ms=int((time.monotonic() - began) * 1000))


def one_line(text: str) -> str:
    """Return text that cannot begin a new header, or turn the line it stands in around."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())


def message_of(mail: Mail) -> EmailMultiAlternatives:
    """Return a mail as Django and its backends know it."""
    message = EmailMultiAlternatives(
        subject=one_line(mail.subject),
        body=mail.text,
        from_email=mail.sender or settings.DEFAULT_FROM_EMAIL,
        to=list(mail.to),
        headers={
            "Message-ID": f"<{mail.delivery}@{_domain()}>",
            "Auto-Submitted": "auto-generated",
            **_unsubscribing(mail.unsubscribe),
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _unsubscribing(url: str) -> dict[str, str]:
    """Return the headers by which a mail program offers to end such mails (RFC 8058)."""
    if not url:
        return {}
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ")


def _refused(code: int, said: bytes | str) -> Outcome:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    final = code in _PERMANENT
    return Outcome(
        verdict=Verdict.GIVE_UP if final else Verdict.RETRY,
        code="mail_refused" if final else "mail_deferred",
        status=code,
        # What a server says may repeat the address; the code alone is kept.
        excerpt="" if "@" in text else text[:200],
    )
