package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"weir/bench"
	"weir/bench/report"
	"weir/cmd/weir/internal/client"
)

// outputFlags say where a report goes beside the table.
type outputFlags struct {
	html, csv, save string
	live            bool
}

func (o *outputFlags) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.html, "html", "", "write a page with plots to this file; it needs no network")
	f.StringVar(&o.csv, "csv", "", "write a row a run to this file")
	f.StringVar(&o.save, "save", "", "write everything as JSON to this file, for \"weir bench report\"")
}

func (o *outputFlags) bindLive(c *cobra.Command) {
	c.Flags().BoolVar(&o.live, "live", isTerminal(os.Stderr), "show on the terminal how it goes; else a line a run")
}

// observer shows a run's progress on w.
func (o *outputFlags) observer(w io.Writer) func(bench.Progress) {
	if !o.live {
		return func(p bench.Progress) {
			if line := report.Line(p); line != "" {
				fmt.Fprintln(w, line)
			}
		}
	}
	_, plain := os.LookupEnv("NO_COLOR")
	return report.NewLive(w, !plain, func() int {
		if size, err := unix.IoctlGetWinsize(int(os.Stderr.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
			return int(size.Col)
		}
		return 80
	}).Observe
}

// check finds out before anything is measured whether the files can be written.
func (o *outputFlags) check() error {
	for _, name := range []string{o.html, o.csv, o.save} {
		if name == "" {
			continue
		}
		_, missing := os.Stat(name)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		if errors.Is(missing, os.ErrNotExist) {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes the files that were asked for.
func (o *outputFlags) write(d *report.Document) error {
	return errors.Join(toFile(o.html, d.WriteHTML), toFile(o.csv, d.WriteCSV), toFile(o.save, d.WriteJSON))
}

func toFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// document begins what a command measured.
func document() *report.Document {
	words := []string{"weir"}
	for _, a := range os.Args[1:] {
		if a == "" || strings.ContainsAny(a, " \t\n'\"\\$`&|;<>()*?[]{}!#~") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return &report.Document{Command: strings.Join(words, " "), Program: "weir " + version}
}

// benchReportCommand makes tables and pages of what was saved.
func benchReportCommand() *cobra.Command {
	var out outputFlags
	c := &cobra.Command{
		Use:   "report FILE...",
		Short: "Make tables, CSV and an HTML page of saved measurements",
		Long: `Read what "weir bench --save FILE" or "weir bench --json" wrote, one file or several, and print it as tables; or write
one HTML page of it, CSV, or one JSON file. "-" is the standard input.`,
		Example: `  weir bench produce --save produce.json
  weir bench report produce.json latency.json --html report.html`,
		Args: client.Args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			d, err := readReports(c.InOrStdin(), names)
			if err != nil {
				return err
			}
			if out.html+out.csv+out.save == "" {
				return d.WriteTable(c.OutOrStdout())
			}
			return out.write(d)
		},
	}
	out.bind(c)
	return c
}

func readReports(in io.Reader, names []string) (*report.Document, error) {
	var parts []io.Reader
	for _, name := range names {
		if name == "-" {
			parts = append(parts, in)
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		parts = append(parts, f, strings.NewReader("\n"))
	}
	return report.Read(io.MultiReader(parts...))
}
