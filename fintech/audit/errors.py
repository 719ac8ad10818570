"""What audit can refuse."""

from fintech.kernel.errors import NotFound


class SealNotFound(NotFound):
    """There is no seal of that number."""
