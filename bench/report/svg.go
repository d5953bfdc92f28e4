package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// drawing is an SVG image as it grows. Colours and fonts are the page's: classes c0, c1 ... are the targets'.
type drawing struct {
	b             strings.Builder
	width, height float64
}

// begin starts an image that says in words what it shows.
func begin(width, height float64, title, description string) *drawing {
	d := &drawing{width: width, height: height}
	fmt.Fprintf(&d.b, `<svg viewBox="0 0 %s %s" role="img" aria-label="%s">`, px(width), px(height), html.EscapeString(title+". "+description))
	return d
}

func (d *drawing) end() template.HTML {
	d.b.WriteString("</svg>")
	return template.HTML(d.b.String()) // every text in it went through EscapeString
}

// px writes a coordinate; what is no number would make an image that no browser draws, so it is 0.
func px(v float64) string {
	if !finite(v) {
		v = 0
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&d.b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

// rect may have a tip, which browsers show under the pointer and readers read.
func (d *drawing) rect(class string, x, y, w, h float64, tip string) {
	fmt.Fprintf(&d.b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="2">`, class, px(x), px(y), px(max(w, 0)), px(h))
	d.tip(tip)
	d.b.WriteString("</rect>")
}

func (d *drawing) dot(class string, x, y, r float64, tip string) {
	fmt.Fprintf(&d.b, `<circle class="%s" cx="%s" cy="%s" r="%s">`, class, px(x), px(y), px(r))
	d.tip(tip)
	d.b.WriteString("</circle>")
}

func (d *drawing) tip(text string) {
	if text != "" {
		d.b.WriteString("<title>" + html.EscapeString(text) + "</title>")
	}
}

func (d *drawing) text(class string, x, y float64, anchor, text string) {
	fmt.Fprintf(&d.b, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, class, px(x), px(y), anchor, html.EscapeString(text))
}

type point struct{ x, y float64 }

func (d *drawing) path(class string, points []point, tip string) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(&d.b, `<path class="%s" d="`, class)
	for i, p := range points {
		command := byte('L')
		if i == 0 {
			command = 'M'
		}
		d.b.WriteByte(command)
		d.b.WriteString(px(p.x) + " " + px(p.y))
	}
	d.b.WriteString(`">`)
	d.tip(tip)
	d.b.WriteString("</path>")
}

// shorten cuts text to so many letters.
func shorten(text string, letters int) string {
	r := []rune(text)
	if len(r) <= letters {
		return text
	}
	return string(r[:letters-1]) + "…"
}
