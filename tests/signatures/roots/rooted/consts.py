LIMIT = 7
NAME = "rooted"
