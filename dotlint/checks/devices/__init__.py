"""D: which GPUs nodes name, and whether those are the ones that the strategy gives them."""
