package oracle

// versions is the range an Apache Kafka 4.4.0 broker serves.
type versions struct{ min, max int16 }

// apis is written down here, and not taken from the handlers' table, so that the table is tested too.
var apis = map[int16]versions{
	0: {3, 13}, 1: {4, 18}, 2: {1, 11}, 3: {0, 13}, 8: {2, 10}, 9: {1, 10}, 10: {0, 6}, 11: {0, 9}, 12: {0, 4},
	13: {0, 5}, 14: {0, 5}, 15: {0, 6}, 16: {0, 5}, 18: {0, 5}, 19: {2, 7}, 20: {1, 6}, 21: {0, 2}, 22: {0, 5},
	23: {2, 4}, 24: {0, 5}, 25: {0, 4}, 26: {0, 5}, 27: {1, 2}, 28: {0, 6}, 32: {1, 4}, 33: {0, 2}, 35: {1, 5}, 37: {0, 3}, 42: {0, 3}, 44: {0, 1}, 47: {0, 0}, 57: {0, 2}, 60: {0, 2},
	61: {0, 0}, 65: {0, 0}, 66: {0, 2}, 68: {0, 1}, 69: {0, 1}, 74: {0, 1}, 75: {0, 0}, 88: {0, 1}, 89: {0, 1},
}
