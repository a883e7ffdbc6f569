# So does what a broker keeps: it may be the only copy there is.
