"""From landed files to bronze: adapters read each format, and every row is counted."""
