"""Files from outside, read in bounded pieces: CSV, Parquet, XLSX, GeoJSON. `read.read_rows` is the door."""
