"""The devices that texts name, in any notation, and the decisions about them that need the whole file."""
