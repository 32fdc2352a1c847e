"""Sessions being filled, and the responses that come of them."""
