"""The sandbox. Its modules import the standard library only: a launcher process starts from them for each slot."""
