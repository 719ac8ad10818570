"""The values that audit gives out: seals and faults, as the kernel defines them."""

from fintech.kernel.seals import Fault, Seal

__all__ = ["Fault", "Seal"]
