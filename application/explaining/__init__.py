"""One address, looked at with every instrument, changing nothing: `flask explain`."""
