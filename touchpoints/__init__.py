"""From landed files to what happened: events, identities, sessions, touchpoints, conversions, ad spend."""
