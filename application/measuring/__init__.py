"""The instruments: where the time of a request goes. They know nothing of articles."""
