"""What the tests with real processes stand on: start, watch and stop programs; read what they stored."""
