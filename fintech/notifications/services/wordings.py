"""Wordings: what mails say, in versions that staff write and look at before they are used."""

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from babel.localedata import exists
from django.utils.html import escape
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.notifications import data, errors, events, queries
from fintech.notifications.channels import mail
from fintech.notifications.channels import wording as words
from fintech.notifications.channels.mail import Mail
from fintech.notifications.channels.outcome import Verdict
from fintech.notifications.channels.providers import Sms
from fintech.notifications.models import Delivery, Wording
from fintech.notifications.services import composing

_LANGUAGE = re.compile(r"[a-z]{2,3}")


def save_wording(
    *,
    kind: data.Template,
    language: str,
    text: data.Text,
    channel: data.Channel = data.Channel.MAIL,
    by: Actor,
    at: datetime,
) -> data.Wording:
    """
    Let a kind of mail say something else in a language, from the next mail on.

    Raises:
        WordingRefused: it names what the kind does not have, leaves out what it must
            say, or is in no language we know.
    """
    check_wording(kind=kind, language=language, text=text, channel=channel)
    with db.transaction_if_not_already():
        versions = Wording.objects.select_for_update().filter(
            kind=kind.value, channel=channel.value, language=language
        )
        latest = versions.order_by("-number").first()
        versions.filter(is_current=True).update(is_current=False)
        saved = Wording.objects.create(
            kind=kind.value,
            channel=channel.value,
            language=language,
            number=latest.number + 1 if latest else 1,
            subject=text.subject,
            lead=text.lead,
            figure=text.figure,
            rows=[list(row) for row in text.rows],
            closing=text.closing,
            created_at=at,
            created_by=by.id,
        )
        fact = events.WordingSaved(
            wording_id=saved.id,
            template=Code(kind.value),
            language=Code(language),
            number=saved.number,
            version=1,
            at=at,
        )
        event_log.append([fact], by=by)
        return saved.as_data()


def check_wording(
    *,
    kind: data.Template,
    language: str,
    text: data.Text,
    channel: data.Channel = data.Channel.MAIL,
) -> None:
    """
    Say whether a wording could be saved; nothing changes.

    Raises:
        WordingRefused: it could not.
    """
    if not _LANGUAGE.fullmatch(language) or not exists(language):
        raise errors.WordingRefused("its language is not two or three letters that we know")
    try:
        words.check(kind, text, channel)
    except words.TextRefused as refused:
        raise errors.WordingRefused(str(refused)) from refused


def preview(*, wording_id: UUID) -> data.Preview:
    """
    Return the newest mail of a wording's kind as this wording would say it.

    It is composed by what composes mails that are sent, so it is the same bytes.

    Raises:
        WordingNotFound, NothingToPreview.
    """
    composed = _composed(queries.wording(wording_id))
    if isinstance(composed, Sms):
        return data.Preview(
            subject="", text=composed.text, html="", parts=words.parts(composed.text)
        )
    return data.Preview(subject=composed.subject, text=composed.text, html=composed.html)


def send_test(*, wording_id: UUID, to: str) -> None:
    """
    Send a preview to whoever asks for it, now. No transaction may be open.

    Raises:
        WordingNotFound, NothingToPreview.
        MailNotTaken: the mail server did not take it.
    """
    composed = _composed(queries.wording(wording_id))
    if isinstance(composed, Sms):
        # Staff have no number here: what the text says goes to them by mail.
        composed = Mail(
            delivery=composed.delivery,
            to=(to,),
            subject=f"Text message ({words.parts(composed.text)} parts)",
            text=composed.text,
            html=f"<p>{escape(composed.text)}</p>",
        )
    outcome = mail.send(replace(composed, to=(to,)))
    if outcome.verdict != Verdict.DELIVERED:
        raise errors.MailNotTaken(outcome.code.replace("_", " "))


def _composed(given: data.Wording) -> Mail | Sms:
    newest = (
        Delivery.objects.select_related("event", "endpoint")
        .filter(channel=given.channel.value, template=given.kind.value)
        .order_by("-id")
        .first()
    )
    composed = composing.message_of(newest, at=newest.created_at, given=given) if newest else None
    if not isinstance(composed, Mail | Sms):
        raise errors.NothingToPreview(given.kind)
    return composed
