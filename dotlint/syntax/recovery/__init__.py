"""Error recovery: parsing past a mistake, and the diagnosis of the mistake."""
