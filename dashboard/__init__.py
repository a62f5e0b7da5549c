"""The report and the terminal summary, made from the published gold tables without Spark."""
