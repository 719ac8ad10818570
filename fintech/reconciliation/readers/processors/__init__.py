"""One small adapter per processor: which columns its report has, and what they mean."""
