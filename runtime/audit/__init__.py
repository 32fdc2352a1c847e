"""The audit trail: who did what, from where, with what result; chained so that no one edits it."""
