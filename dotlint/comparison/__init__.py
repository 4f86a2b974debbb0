"""What differs between two graphs as deployments, not as texts."""
