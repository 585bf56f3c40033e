"""Heights: from elevation models to a profile along every edge."""
