"""One module for each kind of resource that Azure has."""
