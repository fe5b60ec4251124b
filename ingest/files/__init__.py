"""`gemba import`: CSV and Parquet files into the raw hypertables. README.md beside this file shows how."""
