// Package transactions runs random transactions of several client processes while Weir and the clients are killed and while a
// proxy loses answers and holds requests back until later transactions are open, and has the checker judge the history.
package transactions
