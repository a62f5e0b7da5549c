"""Who earned which part of a conversion: journeys, rule models, data-driven models, channel performance."""
