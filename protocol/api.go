package protocol

// API describes one request of Apache Kafka 4.4.0.
type API struct {
	Key      int16
	Name     string // as in Kafka's ApiKeys, "Produce"
	Min, Max int16  // valid versions
	Flexible int16  // first version with compact encodings and tagged fields; -1 if none
	Broker   bool   // a broker's listener serves it (and not only a controller's)
	// UnstableMax is set when Max is not released yet (latestVersionUnstable) and is not advertised.
	UnstableMax bool
}

// Lookup finds an API by its key.
func Lookup(key int16) (API, bool) { panic("unwritten") }

// APIs lists all APIs in the order of their keys.
func APIs() []API { panic("unwritten") }
