"""Formats of events: rows of bronze.events."""
