"""The front end of the running site, measured by Lighthouse, axe and a validator of HTML in the installed browser."""
