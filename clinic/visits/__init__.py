"""When a trial takes place, and with whom: wishes, times, changes, reminders, calendars."""
