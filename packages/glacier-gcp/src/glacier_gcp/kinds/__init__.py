"""One module for each kind of resource that Google Cloud has."""
