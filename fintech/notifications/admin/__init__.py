"""Notifications in the back office: what was told, the dead letters, and what mails say."""

from fintech.notifications.admin import deliveries, wordings

__all__ = ["deliveries", "wordings"]
