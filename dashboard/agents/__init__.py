"""Tools by which agents read what was published: a read-only server of the Model Context Protocol."""
