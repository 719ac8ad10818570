"""Pages of the documentation that are made of the contract itself, so they cannot lie."""
