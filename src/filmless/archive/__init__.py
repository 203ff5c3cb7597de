"""What we keep and how it is found: patient, study, series, instance."""
