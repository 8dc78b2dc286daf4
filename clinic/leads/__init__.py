"""Leads: people who asked for the clinic, and their history."""
