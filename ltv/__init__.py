"""What customers are still worth: purchase histories, Pareto/NBD and Gamma-Gamma models, scores per customer."""
