"""Who would come: pledges under conditions, requirements and contributors, and the backstop's worth."""
