"""Exports of ad spend: rows of bronze.ad_spend."""
