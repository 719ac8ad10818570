"""Everything notifications can refuse, on one screen."""

from uuid import UUID

from fintech.kernel.errors import Invalid, NotFound, Refused, Unavailable


class EndpointNotFound(NotFound):
    """This merchant has no such webhook endpoint."""

    def __init__(self, endpoint_id: UUID) -> None:
        super().__init__("There is no such webhook endpoint.", endpoint_id=str(endpoint_id))


class EventNotFound(NotFound):
    """This merchant was told no such event."""

    def __init__(self, event_id: UUID) -> None:
        super().__init__("There is no such event.", event_id=str(event_id))


class DeliveryNotFound(NotFound):
    """There is no such delivery, or not for this merchant."""

    def __init__(self, delivery_id: UUID) -> None:
        super().__init__("There is no such delivery.", delivery_id=str(delivery_id))


class UrlInvalid(Invalid):
    """A webhook goes to a public address by HTTPS, without user or password in it."""

    code = "url_invalid"

    def __init__(self, because: str) -> None:
        super().__init__(f"The URL cannot receive webhooks: {because}.", because=because)
        self.param = "url"


class EventTypeUnknown(Invalid):
    """An endpoint listens to `*`, to `prefix.*`, or to event types that exist."""

    def __init__(self, pattern: str) -> None:
        super().__init__("There is no such event type.", pattern=pattern[:80])
        self.param = "enabled_events"


class EventsMissing(Invalid):
    """An endpoint listens to something."""

    code = "parameter_missing"

    def __init__(self) -> None:
        super().__init__("Name at least one event type, and at most 100.")
        self.param = "enabled_events"


class DescriptionTooLong(Invalid):
    """A description has at most 500 characters."""

    def __init__(self) -> None:
        super().__init__("A description has at most 500 characters.")
        self.param = "description"


class TooManyEndpoints(Refused):
    """A merchant has at most 20 webhook endpoints."""

    code = "limit_exceeded"

    def __init__(self, most: int) -> None:
        super().__init__(f"A merchant has at most {most} webhook endpoints.", most=most)


class StillUnderWay(Refused):
    """A delivery that is still being tried is not sent again."""

    code = "delivery_unexpected_state"

    def __init__(self, delivery_id: UUID) -> None:
        super().__init__("The delivery is still under way.", delivery_id=str(delivery_id))


class EndpointDisabled(Refused):
    """Nothing goes to an endpoint that is disabled."""

    code = "delivery_unexpected_state"

    def __init__(self, endpoint_id: UUID) -> None:
        super().__init__("The webhook endpoint is disabled.", endpoint_id=str(endpoint_id))


class SandboxOnly(Refused):
    """A live endpoint is told what happened and nothing else."""

    code = "sandbox_only"

    def __init__(self) -> None:
        super().__init__("Copies of events are sent in a sandbox only.")


class WordingNotFound(NotFound):
    """There is no such wording."""

    def __init__(self, wording_id: UUID) -> None:
        super().__init__("There is no such wording.", wording_id=str(wording_id))


class WordingRefused(Invalid):
    """A wording names what its kind has, says what it must, and is in a language."""

    def __init__(self, because: str) -> None:
        super().__init__(f"The wording cannot be used: {because}.", because=because)


class NothingToPreview(NotFound):
    """A preview is made of a mail that was really to be sent; there is none of this kind."""

    def __init__(self, kind: str) -> None:
        super().__init__("No mail of this kind has been sent yet.", kind=kind)


class SampleNotFound(NotFound):
    """A preview tells of an event or a payment that led to a message of its kind."""

    def __init__(self, of: str) -> None:
        super().__init__("Nothing of this kind was told of it.", of=of[:80])


class MailNotTaken(Unavailable):
    """The mail server did not take the test mail."""

    code = "mail_not_taken"

    def __init__(self, because: str) -> None:
        super().__init__(f"The mail server did not take it: {because}.", because=because)


class ProviderNotFound(NotFound):
    """There is no provider of this name."""

    def __init__(self, provider: str) -> None:
        super().__init__("There is no such provider.", provider=provider[:40])


class CallbackRefused(Invalid):
    """A provider's callback carries the provider's own signature."""

    code = "signature_invalid"

    def __init__(self, provider: str) -> None:
        super().__init__("The callback could not be verified.", provider=provider[:40])


class ToldTooEarly(Unavailable):
    """What a provider tells of a message is heard once we have written down that it took it."""

    code = "receipt_too_early"

    def __init__(self, provider: str) -> None:
        super().__init__("The message is still being sent.", provider=provider[:40])


class AlwaysSent(Refused):
    """A security notice cannot be refused."""

    code = "notice_always_sent"

    def __init__(self, kind: str) -> None:
        super().__init__("Notices about security are always sent.", kind=str(kind))


class TokenInvalid(NotFound):
    """A link to unsubscribe was made by us."""

    def __init__(self) -> None:
        super().__init__("There is no such link.")


class TimeZoneUnknown(Invalid):
    """Quiet hours are by a time zone that exists."""

    def __init__(self, name: str) -> None:
        super().__init__("There is no such time zone.", time_zone=name[:64])
        self.param = "time_zone"


class QuietHoursEmpty(Invalid):
    """Quiet hours last a while."""

    def __init__(self) -> None:
        super().__init__("Quiet hours end at another time than they begin.")
        self.param = "ends"


class AddressMissing(Invalid):
    """A customer is written to by a channel for which they have an address."""

    def __init__(self, channel: str) -> None:
        super().__init__("The customer has no address for this channel.", channel=str(channel))
        self.param = "channel"
