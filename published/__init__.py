"""Figures of the published tables, read without Spark; the report and other readers share them."""
