"""Formats of orders: rows of bronze.orders."""
