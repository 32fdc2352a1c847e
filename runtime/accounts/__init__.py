"""Who may call: integrators' tokens and the staff's sign-in links."""
