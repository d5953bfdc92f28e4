// Package crash holds the sweeps that cut, damage and starve the storage rooms: a crash before every
// operation that changes the disk (D1) and again during recovery (D2), flipped bits in every kind of file
// (D4), errors from every operation (D6), failed fsyncs (D7). Nothing acknowledged may be lost, no wrong byte
// served, every start succeeds or says why not.
package crash
