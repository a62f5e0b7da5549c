"""Formats of exchange rates: rows of bronze.exchange_rates."""
