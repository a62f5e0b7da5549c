"""From landed files to bronze: adapters read the formats, ingest counts and stores the rows."""
