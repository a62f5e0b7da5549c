"""The pages: the published figures in a browser, with filters, as HTML, CSV and JSON."""
