"""A simulated shop: landing files of any size, reproducible by seed, with the errors of real logs."""

from simulator.shop import Shop
from simulator.writer import write_landing

__all__ = ["Shop", "write_landing"]
