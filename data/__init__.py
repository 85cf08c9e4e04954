"""What we know: records, tables, where they are kept, how belief follows."""
