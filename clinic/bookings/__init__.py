"""Trials: what can be booked, who has booked, and the rule that it is for the first time and one time only."""
