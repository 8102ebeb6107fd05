"""The library that every service shares: one concept a module."""
