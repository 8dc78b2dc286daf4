"""Screens of the front desk: leads, bookings, visits, emails, reports."""
