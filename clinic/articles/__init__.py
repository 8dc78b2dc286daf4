"""Articles and pages: what the clinic publishes, and the addresses it is read at."""
