"""
Requests to values: JSON and bracketed forms are two encodings of one declared schema.

Both are first read into a tree, and the schema makes values of it. Whether brackets
mean a list or a map is decided by the declared field, never by what they look like.
"""
