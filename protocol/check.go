package protocol

// Check walks body by the schema of the request.
func Check(key, version int16, body []byte) error { panic("unwritten") }

// CheckSize is Check that also estimates the bytes the decoded form takes.
func CheckSize(key, version int16, body []byte) (decodedBytes int, err error) { panic("unwritten") }
