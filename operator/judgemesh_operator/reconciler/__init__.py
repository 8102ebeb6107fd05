"""The one writer: it says in each resource's status what became of it, and keeps judge pools at their size."""
