"""The order of things: steps, flows, the command line."""
