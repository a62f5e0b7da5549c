"""The digest: what a team should know of the newest publication, as a Slack message, an e-mail, Markdown or text."""
