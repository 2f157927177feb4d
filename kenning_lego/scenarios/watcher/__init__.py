"""A live view of a target: looking, what was seen, and the forms in which it is shown."""
