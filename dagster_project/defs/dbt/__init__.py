"""What dbt makes."""
