"""Wordings: what mails say, in versions that staff write and look at before they are used."""

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from babel.localedata import exists
from django.utils.html import escape
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.notifications import data, errors, events
from fintech.notifications.channels import mail
from fintech.notifications.channels import wording as words
from fintech.notifications.channels.mail import Mail
from fintech.notifications.channels.outcome import Verdict
from fintech.notifications.channels.providers import Sms
from fintech.notifications.models import Delivery, MerchantEvent, Wording
from fintech.notifications.services import composing, publishing

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


def preview(draft: data.Draft, *, of: str = "") -> data.Preview:
    """
    Return a message of a wording's kind as this wording would say it.

    It is composed by what composes messages that are sent, so it is the same bytes.

    Args:
        draft: a wording, saved or not.
        of: the event or the payment it is to tell of, by public id; the newest if empty.

    Raises:
        WordingRefused: it could not be saved.
        NothingToPreview: nothing of its kind has been told yet.
        SampleNotFound: there is no such event or payment, or it led to nothing of this kind.
    """
    composed = _composed(draft, of)
    if isinstance(composed, Sms):
        return data.Preview(
            subject="", text=composed.text, html="", parts=words.parts(composed.text)
        )
    return data.Preview(subject=composed.subject, text=composed.text, html=composed.html)


def send_test(draft: data.Draft, *, to: str, of: str = "") -> None:
    """
    Send a preview to whoever asks for it, now. No transaction may be open.

    Raises:
        WordingRefused, NothingToPreview, SampleNotFound: as of a preview.
        MailNotTaken: the mail server did not take it.
    """
    composed = _composed(draft, of, is_test=True)
    if isinstance(composed, Sms):
        # Staff have no number here: what the text says goes to them by mail.
        composed = Mail(
            delivery=composed.delivery,
            to=(to,),
            subject=f"Text message ({words.parts(composed.text)} parts)",
            text=composed.text,
            html=f"<p>{escape(composed.text)}</p>",
        )
    # One click of whoever tries it out must not end the mails of the person it is about.
    outcome = mail.send(replace(composed, to=(to,), unsubscribe=""))
    if outcome.verdict != Verdict.DELIVERED:
        raise errors.MailNotTaken(outcome.code.replace("_", " "))


def _composed(draft: data.Draft, of: str, *, is_test: bool = False) -> Mail | Sms:
    check_wording(kind=draft.kind, channel=draft.channel, language=draft.language, text=draft.text)
    sample = _sample(draft, of)
    composed = composing.message_of(sample, at=sample.created_at, given=draft, is_test=is_test)
    if not isinstance(composed, Mail | Sms):
        raise errors.NothingToPreview(draft.kind)
    return composed


def _sample(draft: data.Draft, of: str) -> Delivery:
    """Return a message as one was made, or would be, in this wording's kind and channel."""
    told_as = data.TOLD_ONE_BY_ONE.get(draft.kind, draft.kind)
    made = (
        Delivery.objects.select_related("event", "endpoint")
        .filter(template=told_as.value)
        .order_by("-id")
    )
    if not of:
        newest = made.first()
        if newest is None:
            raise errors.NothingToPreview(draft.kind)
        event, endpoint = newest.event, newest.endpoint
    elif of.startswith("evt_"):
        found = made.filter(event_id=_id("evt", of)).first()
        if found is None:
            raise errors.SampleNotFound(of)
        event, endpoint = found.event, found.endpoint
    else:
        told = MerchantEvent.objects.filter(
            subject_id=_id("pi", of), type__in=publishing.leading_to(told_as)
        ).order_by("-id")
        if told_as == data.Template.REFUND_RECEIPT:
            told = told.filter(object__status="succeeded")
        latest = told.first()
        if latest is None:
            raise errors.SampleNotFound(of)
        event, endpoint = latest, None
    return Delivery(
        event=event,
        merchant_id=event.merchant_id,
        channel=draft.channel.value,
        endpoint=endpoint,
        template=draft.kind.value,
        created_at=event.created_at,
    )


def _id(prefix: str, text: str) -> UUID:
    try:
        return ids.parse(prefix, text.strip())
    except ids.NotAnId as wrong:
        raise errors.SampleNotFound(text) from wrong
