"""The web channel: the patient pages under `/s/`."""
