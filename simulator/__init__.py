"""A shop that never was: landing files of any size and seed, with the dirt of real logs."""

from simulator.shop import Shop
from simulator.writer import write_landing

__all__ = ["Shop", "write_landing"]
