"""Downloads: files over HTTP with checksums, archives, and the library of data sets."""
