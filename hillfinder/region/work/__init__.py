"""The tasks of a scan, the workers that do them, and where a stopped scan resumes."""
