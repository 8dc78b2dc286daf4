"""The parts that all screens of the panel are built from."""
