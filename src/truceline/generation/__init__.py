"""Who would come: pledges under conditions, requirements matched with contributors, and the backstop's worth."""
