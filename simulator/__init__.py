"""A shop that never was: landing files of any size and seed, with the dirt of real logs."""
