"""What people did before a moment, and what follows from it: features, and churn."""
