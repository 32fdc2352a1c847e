"""The kiosk's pages under `/kiosk/`: one patient after another at one machine."""
