"""From heights to a smoothed profile, with its uncertainty, along every edge."""
