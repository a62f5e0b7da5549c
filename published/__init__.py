"""What was published, read without Spark: the report, a page and other readers share these figures."""
