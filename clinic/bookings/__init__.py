"""Trials: services, bookings, vouchers, and the rule of one trial for each new customer."""
