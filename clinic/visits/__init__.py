"""Visits: the times of trials, wishes, changes, reminders, calendars."""
