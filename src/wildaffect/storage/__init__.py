"""Files in object stores and on other machines, through fsspec (extra `remote`)."""
