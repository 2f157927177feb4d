"""The figures of records as plain tables, for terminals, notebooks, data frames and files."""
