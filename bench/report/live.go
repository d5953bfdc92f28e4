package report

import (
	"fmt"
	"io"
	"strings"

	"weir/bench"
)

// Live shows on a terminal how a run goes: a heading a workload and a line a target, drawn again in place. Observe may be called
// from one goroutine at a time.
type Live struct {
	w     io.Writer
	width func() int // columns of the terminal
	color bool

	workload bench.Workload
	lines    []*liveLine
	drawn    int // lines on the screen that belong to this workload
}

// liveLine is what is known of one target.
type liveLine struct {
	target string
	last   bench.Progress
	rates  []float64 // of the run that goes on
}

// NewLive draws on w, a terminal that is width columns wide.
func NewLive(w io.Writer, color bool, width func() int) *Live {
	return &Live{w: w, width: width, color: color}
}

// Observe takes one Progress and draws.
func (l *Live) Observe(p bench.Progress) {
	if p.Workload != l.workload {
		l.workload, l.lines, l.drawn = p.Workload, nil, 0
	}
	line := l.line(p.Target)
	if line.last.Run != p.Run || line.last.Phase != p.Phase {
		line.rates = line.rates[:0]
	}
	if p.Done == nil {
		line.rates = append(line.rates, throughput(p))
	}
	line.last = p
	l.draw(p)
}

func (l *Live) line(target string) *liveLine {
	for _, line := range l.lines {
		if line.target == target {
			return line
		}
	}
	line := &liveLine{target: target}
	l.lines = append(l.lines, line)
	return line
}

// throughput is the rate that is drawn: bytes where there are any.
func throughput(p bench.Progress) float64 {
	if p.BytesPerSecond > 0 {
		return p.BytesPerSecond
	}
	return p.RecordsPerSecond
}

// draw writes everything in one piece, so that the screen does not flicker.
func (l *Live) draw(now bench.Progress) {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	width := max(l.width(), 20)
	put := func(style, text string) {
		text = cut(text, width-1)
		if l.color && style != "" {
			text = style + text + "\x1b[0m"
		}
		b.WriteString("\r" + text + "\x1b[K\n")
	}
	put("\x1b[1m", fmt.Sprintf("%s  %s", now.Workload, runOf(now)))
	longest := 4
	for _, line := range l.lines {
		longest = max(longest, len([]rune(line.target)))
	}
	for _, line := range l.lines {
		style := "\x1b[2m"
		if line.target == now.Target && now.Done == nil {
			style = ""
		}
		put(style, line.text(min(longest, 24), width))
	}
	l.drawn = 1 + len(l.lines)
	_, _ = io.WriteString(l.w, b.String()) // a terminal that is gone is no reason to stop measuring
}

func runOf(p bench.Progress) string {
	run := "warm-up"
	if p.Run > 0 {
		run = fmt.Sprintf("run %d of %d", p.Run, p.Runs)
	}
	if p.Peak {
		run = "looking for the peak, " + run
	}
	return run
}

func (line *liveLine) text(name, width int) string {
	p := line.last
	head := fmt.Sprintf("  %-*s ", name, cut(line.target, name))
	if p.Done != nil {
		return head + summaryOf(*p.Done)
	}
	parts := []string{fmt.Sprintf("%10s", measure(p.BytesPerSecond/(1<<20), "MiB/s")), number(p.RecordsPerSecond) + "/s"}
	if us := max(p.AckP99, p.EndToEndP99); us > 0 {
		parts = append(parts, "p99 "+measure(float64(us), "us"))
	}
	if p.BrokerCPU >= 0 {
		parts = append(parts, fmt.Sprintf("CPU %.2f", p.BrokerCPU))
	}
	if p.RSSBytes > 0 {
		parts = append(parts, size(float64(p.RSSBytes)))
	}
	if p.Fraction >= 0 {
		parts = append(parts, fmt.Sprintf("%s %.0f %%", p.Phase, 100*min(p.Fraction, 1)))
	} else {
		parts = append(parts, p.Phase)
	}
	tail := strings.Join(parts, "  ")
	return head + sparkline(line.rates, min(max(width-len([]rune(head+tail))-3, 12), 40)) + "  " + tail
}

// summaryOf is a run that is done, in a line.
func summaryOf(r bench.Result) string {
	if r.Error != "" {
		return "failed: " + strings.Join(strings.Fields(r.Error), " ")
	}
	var parts []string
	for _, c := range bench.Columns([]bench.Result{r}) {
		switch c.Name {
		case "throughput", "records", "broker CPU per GB", "broker peak memory", "ack p99", "end-to-end p99", "end-to-end p99.9":
			v, _ := c.Of(r)
			text := measure(v, c.Unit)
			if c.Unit != "MiB/s" && c.Unit != "records/s" {
				text = strings.TrimPrefix(c.Name, "broker ") + " " + text
			}
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return "done"
	}
	return strings.Join(parts, ", ")
}

// Line says in a line what a run gave, for output that is no terminal; "" while the run goes on.
func Line(p bench.Progress) string {
	if p.Done == nil {
		return ""
	}
	return fmt.Sprintf("%s, %s, %s: %s", p.Workload, p.Target, runOf(p), summaryOf(*p.Done))
}

// sparkline draws the last of some rates, a column each, from 0 to the greatest.
func sparkline(rates []float64, columns int) string {
	const steps = "▁▂▃▄▅▆▇█"
	if len(rates) > columns {
		rates = rates[len(rates)-columns:]
	}
	most := 0.0
	for _, r := range rates {
		if finite(r) {
			most = max(most, r)
		}
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", columns-len(rates)))
	for _, r := range rates {
		i := 0
		if finite(r) && most > 0 {
			i = min(max(int(r/most*8), 0), 7)
		}
		b.WriteRune([]rune(steps)[i])
	}
	return b.String()
}

// cut shortens text to so many columns and takes control characters out of it: a broker's error may hold some.
func cut(text string, columns int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if columns < 2 {
		return ""
	}
	return shorten(text, columns)
}
