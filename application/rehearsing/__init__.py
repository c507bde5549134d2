"""The site once more, in the process of a command, on stores of its own: what it is asked changes nothing outside."""
