"""The sandbox's cards that pages offer, and what each does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card of the sandbox, and what it does."""

    number: str
    does: str

    @property
    def spaced(self) -> str:
        """Return the number as it is printed on cards."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


TEST_CARDS = (
    TestCard("4242424242424242", "Succeeds"),
    TestCard("4000002500003155", "Asks the payer to confirm"),
    TestCard("4000000000009995", "Declined: not enough money"),
    TestCard("4000000000000002", "Declined: no reason given"),
    TestCard("4000000000000069", "Declined: expired"),
    TestCard("4000000000009235", "Held for a review"),
    TestCard("4100000000000019", "Blocked by the risk decision"),
    TestCard("4000990000000012", "The acquirer does not answer"),
)
