"""The languages, one file each, and how they are read."""
