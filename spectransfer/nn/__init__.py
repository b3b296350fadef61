"""Networks: torch modules, losses, the KL schedule, and all of skorch."""
