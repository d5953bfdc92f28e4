package protocol

// API describes one request of Apache Kafka 4.4.0.
type API struct {
	Key      int16
	Name     string // as in Kafka's documentation, "Produce"
	Min, Max int16  // valid versions
	Flexible int16  // first version with compact encodings and tagged fields; -1 if none
	Broker   bool   // a broker's listener serves it, and not only a controller's
	// UnstableMax is set when Max is not released yet and not to be advertised.
	UnstableMax bool
}

// Lookup finds an API by its key.
func Lookup(key int16) (API, bool) {
	if row := requestSchema.find(key); row != nil {
		return row.API, true
	}
	return API{}, false
}

// APIs lists all APIs in the order of their keys.
func APIs() []API {
	all := make([]API, len(requestSchema.apis))
	for i := range requestSchema.apis {
		all[i] = requestSchema.apis[i].API
	}
	return all
}

// IsFlexible reports whether a version uses compact encodings and tagged fields.
func (a API) IsFlexible(version int16) bool { return a.Flexible >= 0 && version >= a.Flexible }

// Valid reports whether Kafka 4.4.0 knows the version.
func (a API) Valid(version int16) bool { return a.Min <= version && version <= a.Max }
