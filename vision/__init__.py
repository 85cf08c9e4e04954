"""What a pixel shows."""
