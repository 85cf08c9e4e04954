"""Where things are, and what the Earth did to them."""
