package flights

import (
	"strconv"
	"strings"
)

// names are the columns of the data set, in order.
var names = [columnCount]string{"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time",
	"sched_arr_time", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour",
	"minute", "time_hour"}

// JSON gives the row as an event with all of its columns: numbers as numbers, what is missing as null.
func (d Departure) JSON() []byte {
	b := make([]byte, 0, 3*len(d.Line)+64)
	for i, v := range strings.Split(d.Line, ",") {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, names[i])
		b = append(b, ':')
		switch _, err := strconv.ParseFloat(v, 64); {
		case v == "" || v == "NA":
			b = append(b, "null"...)
		case err == nil:
			b = append(b, v...)
		default:
			b = strconv.AppendQuote(b, v)
		}
	}
	return append(b, '}')
}
