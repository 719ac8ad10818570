"""
Velocity: whose attempts are counted, over which windows, by PostgreSQL and by Valkey.

PostgreSQL is the truth. Valkey keeps the newest attempts of every subject and answers
while it is known to hold them all; what it says is what PostgreSQL would have said.
"""

from fintech.fraud.counters.online import Away, Online, Seen, Told
from fintech.fraud.counters.windows import FIGURES, LONGEST, SUBJECTS, Subject, laterals, read

__all__ = [
    "FIGURES",
    "LONGEST",
    "SUBJECTS",
    "Away",
    "Online",
    "Seen",
    "Subject",
    "Told",
    "laterals",
    "read",
]
