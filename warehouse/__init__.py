"""Settings, the Spark session, table contracts and the Delta store: what every other package builds on."""
