"""Personal values at rest: sealed, found by blind index, shown masked."""
