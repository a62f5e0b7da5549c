"""Thin entry points: parse, read, build, check, write, log."""
