"""What a force costs, and whom: rates, bills by year, who pays, and national budgets."""
