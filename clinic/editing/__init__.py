"""Helps editors while they write: checks, previews, autosave, picture uses."""
