"""The OpenAPI 3.1 document: made of the declared operations and of what `wire` renders."""
