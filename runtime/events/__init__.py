"""What happened, written in the same transaction, delivered afterwards."""
