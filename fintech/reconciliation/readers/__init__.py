"""One small reader per format, into one staging shape; the format is told by the content."""
