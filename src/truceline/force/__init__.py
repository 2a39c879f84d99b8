"""Who is needed: people from tasks, their rotation and supply, and how the answer stands beside others."""
