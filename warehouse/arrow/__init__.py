"""Tables written without Spark: rows by Arrow, commits as files of the log. Nothing in here needs pyspark or Java."""
