"""What SQL functions of the database make."""
