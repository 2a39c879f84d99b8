"""What leaves the building: report, figures, map layers, spreadsheet and tables."""
