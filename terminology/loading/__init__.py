"""From an official zip, folder or file to a release in the data directory: read safely, recognised by content, proved, put in place."""
