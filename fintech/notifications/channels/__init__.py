"""The ways by which messages leave: each sends one message and says what came of it."""
