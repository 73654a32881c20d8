"""Says in words why a plan is as it is, and what in the input stands in its way."""
