"""T: tensor dimensions in labels."""
