"""
The acquirer and the bank of the sandbox: the world outside, in a process of its own.

It shares no code with the platform. It keeps its operations in an SQLite file, tells
the platform of late outcomes by signed callbacks, and at the end of a business day
says what it settled (a CSV file) and what it paid (a bank statement).
"""
