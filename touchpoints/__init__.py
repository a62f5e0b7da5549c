"""From bronze to what happened: events, identities, sessions, touchpoints, conversions, ad spend."""
