"""The world outside, in a box: servers, acquirer, bank, mail sink, story, and their commands."""
