"""A made-up disaster, drawn with exact truth."""
