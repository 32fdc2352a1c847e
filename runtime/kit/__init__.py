"""What every feature of the runtime stands on: settings, services, database, logging, clock."""
