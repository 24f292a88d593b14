"""One file a version of the tables; the file name begins with the version."""
