"""Stored pages: answers kept ready to send for one content version."""
