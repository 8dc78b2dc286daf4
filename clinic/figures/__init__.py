"""Figures of the clinic: reads, leads and bookings, as a report and as charts."""
