"""What leaves the building: report, figures, map layers, spreadsheet and tables; it reads results and computes nothing."""
