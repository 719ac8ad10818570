"""What is left to say of a thing that was removed."""

from fintech.wire.scalars import Json


def render(name: str, public_id: str) -> Json:
    """Return the tombstone of an object."""
    return {"deleted": True, "id": public_id, "object": name}
