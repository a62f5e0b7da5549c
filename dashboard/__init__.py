"""What people look at: read from the published gold tables without Spark."""
