"""Formats of ad clicks: rows of bronze.click_views."""
