"""S: what one unit has and its siblings lack, and how stages follow each other."""
