package partition

// DeleteRecords deletes the records before offset, or all committed ones with -1, and returns the log's start
// after it. It is durable when it returns.
func (p *Partition) DeleteRecords(offset int64) (lowWatermark int64, err error) {
	if err := p.serving(-1); err != nil {
		return -1, err
	}
	hw := p.hw.Load()
	if offset == -1 {
		offset = hw
	}
	return p.log.DeleteRecords(offset, hw)
}

// Retain deletes what retention no longer keeps.
func (p *Partition) Retain() (segments int, err error) {
	if err := p.serving(-1); err != nil {
		return 0, err
	}
	return p.log.Retain(p.clk.Now(), p.hw.Load())
}
