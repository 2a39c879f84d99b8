"""What we assume: scenarios, assumptions with their sources, and the packaged tables of facts."""
