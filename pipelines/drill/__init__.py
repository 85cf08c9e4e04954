"""A made-up disaster with known truth, for tests, training and exercises."""
