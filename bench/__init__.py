"""Measurements that print a ratio to a limit taken in the same run."""
