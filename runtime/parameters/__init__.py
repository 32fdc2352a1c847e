"""System parameters: settings that staff change while the programs run."""
