"""
Rows of telling: who listens, what was said, and every message on its way.

A delivery is a row before anything is sent, so nothing is lost with a broker; a lease
says that somebody is at it, and runs out by itself if they die.
"""

from collections.abc import Sequence
from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.notifications import data
from fintech.notifications.data import Channel, DeliveryState, Failure, Template


def _choices(codes: type[StrEnum]) -> list[tuple[str, str]]:
    return [(code.value, code.value.replace("_", " ").capitalize()) for code in codes]


class Endpoint(models.Model):
    """An address to which a merchant's events are posted. Deleted ones stay, for their past."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=500, blank=True, default="")
    enabled_events = ArrayField(models.CharField(max_length=80))
    metadata = models.JSONField(default=dict, blank=True)
    # It signs, so it cannot be a digest: it is sealed, shown once and never in the back office.
    secret = models.CharField(max_length=200)
    former_secret = models.CharField(max_length=200, blank=True, default="")
    former_secret_until = models.DateTimeField(null=True, blank=True)
    api_version = models.CharField(max_length=10)
    # Events of one object are told one after the other, each when the one before has ended.
    is_ordered = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=40, blank=True, default="")
    # While it keeps failing: how often in a row, since when, and until when it is left alone.
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    pauses = models.IntegerField(default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(
                fields=["merchant_id", "-id"],
                name="notifications_endpoint_list",
                condition=Q(deleted_at__isnull=True),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(enabled_events__len__gte=1),
                name="notifications_endpoint_listens_to_something",
            ),
            models.CheckConstraint(
                condition=Q(secret__startswith="v1."),  # noqa: S106 - how they begin.
                name="notifications_endpoint_has_a_sealed_secret",
            ),
            models.CheckConstraint(
                condition=Q(former_secret="") ^ Q(former_secret_until__isnull=False),
                name="notifications_endpoint_says_how_long_a_former_secret_signs",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(is_enabled=False),
                name="notifications_endpoint_deleted_is_not_enabled",
            ),
            models.CheckConstraint(
                condition=Q(failures=0) ^ Q(failing_since__isnull=False),
                name="notifications_endpoint_failing_says_since_when",
            ),
            models.CheckConstraint(
                condition=Q(pauses=0) ^ Q(paused_until__isnull=False),
                name="notifications_endpoint_paused_says_until_when",
            ),
            models.CheckConstraint(
                condition=Q(is_enabled=True) ^ ~Q(disabled_reason=""),
                name="notifications_endpoint_disabled_says_why",
            ),
        )

    def __str__(self) -> str:
        return ids.public("we", self.id)

    def recover(self) -> None:
        """Forget that it failed: it answers again."""
        self.failures = self.pauses = 0
        self.failing_since = self.paused_until = None

    def as_data(self, *, secret: str = "") -> data.Endpoint:
        """Return the frozen value for the door, without the secret unless it is passed in."""
        return data.Endpoint(
            id=self.id,
            merchant_id=self.merchant_id,
            url=self.url,
            enabled_events=tuple(self.enabled_events),
            is_ordered=self.is_ordered,
            is_enabled=self.is_enabled,
            created_at=self.created_at,
            description=self.description,
            metadata=dict(self.metadata),
            secret=secret,
            disabled_reason=self.disabled_reason,
            paused_until=self.paused_until,
            version=self.version,
        )


class MerchantEvent(models.Model):
    """
    Something a merchant was told, with the object as it was rendered then.

    `sequence` counts what was told of one object, so a receiver sees gaps. `addressees`
    is how many endpoints listened, so a missing delivery can be found.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    type = models.CharField(max_length=80)
    object = models.JSONField()
    object_id = models.CharField(max_length=40)
    sequence = models.IntegerField()
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    api_version = models.CharField(max_length=10)
    source = models.CharField(max_length=60)
    position = models.BigIntegerField()
    subject_id = models.UUIDField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True, default="")
    addressees = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="notifications_event_list"),
            models.Index(fields=["subject_id"], name="notifications_event_subject"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["source", "position", "type", "merchant_id"],
                name="notifications_merchantevent_is_told_once_per_fact",
            ),
            models.UniqueConstraint(
                fields=["object_id", "merchant_id", "sequence"],
                name="notifications_merchantevent_is_counted_once_per_object",
            ),
            models.CheckConstraint(
                condition=Q(sequence=1) ^ Q(previous__isnull=False),
                name="notifications_merchantevent_names_the_one_before",
            ),
            models.CheckConstraint(
                condition=Q(addressees__gte=0),
                name="notifications_merchantevent_counts_its_addressees",
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} ({ids.public('evt', self.id)})"

    def as_data(self) -> data.Event:
        """Return the frozen value for the door."""
        return data.Event(
            id=self.id,
            merchant_id=self.merchant_id,
            type=self.type,
            object=self.object,
            created_at=self.created_at,
            request_id=self.request_id,
            source=self.source,
            position=self.position,
            subject_id=self.subject_id,
            object_id=self.object_id,
            sequence=self.sequence,
            previous_event_id=self.previous_id,
        )


class Delivery(models.Model):
    """One message to one address: a webhook to an endpoint, or a mail."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    event = models.ForeignKey(MerchantEvent, on_delete=models.PROTECT, related_name="deliveries")
    merchant_id = models.UUIDField()
    channel = models.CharField(max_length=10, choices=_choices(Channel))
    endpoint = models.ForeignKey(
        Endpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    template = models.CharField(max_length=40, blank=True, default="")
    # Where its endpoint wants order: the object, and which of what was told of it this is.
    order_key = models.CharField(max_length=40, blank=True, default="")
    order_number = models.IntegerField(default=0)
    state = models.CharField(
        max_length=10, choices=_choices(DeliveryState), default=DeliveryState.PENDING.value
    )
    attempts = models.IntegerField(default=0)
    tries_left = models.IntegerField()
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True, blank=True)  # The business clock.
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)  # If its reader lets us see that.
    last_status = models.SmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=40, blank=True, default="")
    failure = models.CharField(max_length=10, blank=True, default="", choices=_choices(Failure))
    # Who carried it last, and the name it has there: a callback says nothing else.
    provider = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=120, blank=True, default="")
    # Somebody is at it until then, in real time; afterwards anybody may try.
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    version = models.BigIntegerField(default=0)  # Facts told so far; an ordinary success is none.

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(
                fields=["next_attempt_at"],
                name="notifications_delivery_due",
                condition=Q(state="pending"),
            ),
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                name="notifications_delivery_queue",
                condition=Q(state="pending", channel="webhook"),
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                name="notifications_delivery_mails",
                condition=Q(state="pending") & ~Q(channel="webhook"),
            ),
            models.Index(
                fields=["endpoint", "leased_until"],
                name="notifications_delivery_leased",
                condition=Q(state="pending", channel="webhook", leased_until__isnull=False),
            ),
            models.Index(
                fields=["endpoint", "order_key", "order_number"],
                name="notifications_delivery_order",
                condition=Q(state="pending", channel="webhook") & ~Q(order_key=""),
            ),
            models.Index(
                fields=["provider", "reference"],
                name="notifications_delivery_at",
                condition=~Q(reference=""),
            ),
            models.Index(fields=["endpoint", "-id"], name="notifications_delivery_list"),
            models.Index(fields=["merchant_id", "created_at"], name="notifications_delivery_made"),
            models.Index(
                fields=["template", "-id"],
                name="notifications_delivery_kinds",
                condition=~Q(template=""),
            ),
            models.Index(
                fields=["-id"],
                name="notifications_delivery_dead",
                condition=Q(state__in=["failed", "abandoned"]),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["event", "endpoint"],
                name="notifications_delivery_is_one_per_event_and_endpoint",
                condition=Q(channel="webhook"),
            ),
            models.UniqueConstraint(
                fields=["event", "channel", "template", "endpoint"],
                name="notifications_delivery_is_one_per_event_and_template",
                condition=Q(channel__in=["mail", "sms"]),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(channel="webhook", endpoint__isnull=False, template="")
                # A mail may be about an endpoint; its own address is read when it is sent.
                | (Q(channel__in=["mail", "sms"]) & ~Q(template="")),
                name="notifications_delivery_goes_to_one_kind_of_address",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in DeliveryState]),
                name="notifications_delivery_has_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(state="pending") ^ Q(next_attempt_at__isnull=True),
                name="notifications_delivery_pending_says_when_it_is_tried_next",
            ),
            models.CheckConstraint(
                condition=Q(state="delivered") ^ Q(delivered_at__isnull=True),
                name="notifications_delivery_says_when_it_arrived",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sent", "delivered"])
                | (~Q(last_error="") & ~Q(failure="")),
                name="notifications_delivery_given_up_says_why",
            ),
            models.CheckConstraint(
                condition=Q(order_key="", order_number=0)
                | (~Q(order_key="") & Q(order_number__gte=1, channel="webhook")),
                name="notifications_delivery_in_order_has_a_number",
            ),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True) | Q(channel="mail"),
                name="notifications_delivery_opened_is_a_mail",
            ),
            models.CheckConstraint(
                condition=Q(attempts__gte=0, tries_left__gte=0),
                name="notifications_delivery_counts_its_tries",
            ),
        )

    def __str__(self) -> str:
        return ids.public("wd", self.id)

    def as_data(self, tried: Sequence["Attempt"] = ()) -> data.Delivery:
        """Return the frozen value for the door; needs `event` and `endpoint` at hand."""
        return data.Delivery(
            id=self.id,
            event_id=self.event_id,
            endpoint_id=self.endpoint_id,
            state=DeliveryState(self.state),
            attempts=self.attempts,
            created_at=self.created_at,
            next_attempt_at=self.next_attempt_at,
            delivered_at=self.delivered_at,
            last_status=self.last_status,
            last_error=self.last_error,
            merchant_id=self.merchant_id,
            channel=Channel(self.channel),
            template=self.template,
            event_type=self.event.type,
            subject_id=self.event.subject_id,
            url=self.endpoint.url if self.endpoint else "",
            tried=tuple(attempt.as_data() for attempt in tried),
            provider=self.provider,
            failure=self.failure,
        )


class DeadLetter(Delivery):
    """A delivery that did not get through, as the back office lists them."""

    class Meta:
        proxy = True
        verbose_name = "dead letter"


class Attempt(models.Model):
    """One try to deliver a message, as it went. Never changed."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="tried")
    number = models.IntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.IntegerField()
    outcome = models.CharField(max_length=40)
    status = models.SmallIntegerField(null=True, blank=True)
    excerpt = models.CharField(max_length=500, blank=True, default="")
    provider = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["delivery", "number"], name="notifications_attempt_is_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, duration_ms__gte=0),
                name="notifications_attempt_is_numbered_from_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"

    def as_data(self) -> data.Attempt:
        """Return the frozen value for the door."""
        return data.Attempt(
            number=self.number,
            started_at=self.started_at,
            duration_ms=self.duration_ms,
            outcome=self.outcome,
            status=self.status,
            excerpt=self.excerpt,
            provider=self.provider,
        )


class Preference(models.Model):
    """
    Whether an address wants messages of a kind. Security notices are not asked about.

    The address itself stands nowhere here: `recipient` is a keyed digest of it. Without a
    merchant it is the recipient's own word; with one, what that merchant says of its customer.
    """

    recipient = models.CharField(max_length=64)
    channel = models.CharField(max_length=10, choices=_choices(Channel))
    kind = models.CharField(max_length=40, choices=[*_choices(Template), (data.OPENS, "Opens")])
    merchant_id = models.UUIDField(null=True, blank=True)
    is_wanted = models.BooleanField()
    source = models.CharField(max_length=20)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["recipient", "channel", "kind", "merchant_id"],
                name="notifications_preference_is_said_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["mail", "sms"]) & ~Q(source=""),
                name="notifications_preference_is_about_people_and_says_whence",
            ),
            models.CheckConstraint(
                condition=Q(merchant_id__isnull=True) | ~Q(kind=data.OPENS),
                name="notifications_preference_about_opens_is_the_readers_own",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {'yes' if self.is_wanted else 'no'}"


class QuietHours(models.Model):
    """When an address is not written to, by its own clock."""

    recipient = models.CharField(max_length=64, primary_key=True)
    time_zone = models.CharField(max_length=64)
    begins = models.TimeField()
    ends = models.TimeField()

    class Meta:
        verbose_name_plural = "quiet hours"
        constraints = (
            models.CheckConstraint(
                condition=~Q(begins=F("ends")), name="notifications_quiethours_last_a_while"
            ),
        )

    def __str__(self) -> str:
        return f"{self.begins:%H:%M} to {self.ends:%H:%M} in {self.time_zone}"


class ProviderHealth(models.Model):
    """What is known of a provider that has failed or was slow. Others have no row."""

    name = models.CharField(max_length=40, primary_key=True)
    failures = models.IntegerField(default=0)  # In a row, and not the receivers' fault.
    rests = models.IntegerField(default=0)
    rests_until = models.DateTimeField(null=True, blank=True)
    slow_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "health of providers"
        constraints = (
            models.CheckConstraint(
                condition=Q(failures__gte=0, rests__gte=0),
                name="notifications_providerhealth_counts",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Wording(models.Model):
    """
    What one kind of mail says in one language, in one version. Never changed.

    The current one is used in place of the text we come with; an older version is made
    current again by saving it as a new one.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    kind = models.CharField(max_length=40, choices=_choices(Template))
    channel = models.CharField(max_length=10, choices=_choices(Channel), default="mail")
    language = models.CharField(max_length=10)
    number = models.IntegerField()
    subject = models.CharField(max_length=200, blank=True, default="")
    lead = models.CharField(max_length=1000)
    figure = models.CharField(max_length=100, blank=True, default="")
    rows = models.JSONField(default=list, blank=True)  # [[label, sentence], …]
    closing = models.CharField(max_length=1000, blank=True, default="")
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("kind", "channel", "language", "-number")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "channel", "language", "number"],
                name="notifications_wording_is_numbered_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "channel", "language"],
                condition=Q(is_current=True),
                name="notifications_wording_is_current_once",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="notifications_wording_is_numbered_from_one"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} in {self.language}, version {self.number}"

    def as_data(self) -> data.Wording:
        """Return the frozen value for the door."""
        return data.Wording(
            id=self.id,
            kind=Template(self.kind),
            channel=Channel(self.channel),
            language=self.language,
            number=self.number,
            text=data.Text(
                subject=self.subject,
                lead=self.lead,
                figure=self.figure,
                rows=tuple((label, sentence) for label, sentence in self.rows),
                closing=self.closing,
            ),
            is_current=self.is_current,
            created_at=self.created_at,
        )
