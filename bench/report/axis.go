package report

import "math"

// axis maps values to coordinates.
type axis struct {
	from, to   float64 // values
	start, end float64 // coordinates
	log        bool
	ticks      []float64
}

// linear is an axis from 0 to a round number not below most.
func linear(most, start, end float64, steps int) axis {
	if !finite(most) || most <= 0 {
		most = 1
	}
	step := roundUp(most / float64(steps))
	a := axis{from: 0, start: start, end: end}
	for v := 0.0; ; v += step {
		a.ticks = append(a.ticks, v)
		if v >= most*(1-1e-9) {
			a.to = v
			return a
		}
	}
}

// roundUp is the next of 1, 2, 2.5 and 5 times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logarithmic is an axis whose ticks are powers of ten, with 2 and 5 times them where those are few.
func logarithmic(least, most, start, end float64) axis {
	if !finite(least) || least <= 0 {
		least = 1
	}
	if !finite(most) || most <= least {
		most = least * 10
	}
	a := axis{log: true, start: start, end: end}
	multiples := []float64{1, 2, 5}
	if most/least > 3000 {
		multiples = multiples[:1]
	}
	for e := math.Floor(math.Log10(least)); ; e++ {
		for _, m := range multiples {
			v := m * math.Pow(10, e)
			switch {
			case v <= least*(1+1e-9):
				a.ticks = []float64{v} // the last one not above the least begins the axis
			default:
				a.ticks = append(a.ticks, v)
			}
			if v >= most*(1-1e-9) {
				a.from, a.to = a.ticks[0], v
				return a
			}
		}
	}
}

func (a axis) at(v float64) float64 {
	v = min(max(v, a.from), a.to)
	share := (v - a.from) / (a.to - a.from)
	if a.log {
		share = math.Log(v/a.from) / math.Log(a.to/a.from)
	}
	return a.start + share*(a.end-a.start)
}
