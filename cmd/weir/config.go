package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"weir/config"
)

// settingFlags are the flags by which settings are given.
type settingFlags struct {
	file string
	set  []string
}

func (s *settingFlags) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.file, "config", "c", os.Getenv("WEIR_CONFIG"), "a .properties file (or WEIR_CONFIG)")
	f.StringArrayVar(&s.set, "set", nil, "a setting, name=value (repeatable)")
}

// load reads all sources of settings.
func (s *settingFlags) load() (*config.Values, error) {
	flags := make(map[string]string)
	for _, pair := range s.set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: want name=value", pair)
		}
		flags[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	values, err := config.Load(config.LoadOptions{File: s.file, Env: os.Environ(), Flags: flags})
	if err != nil {
		return nil, fmt.Errorf("load settings: %w", err)
	}
	return values, nil
}

// configCommand prints the settings in force and where each stands.
func configCommand() *cobra.Command {
	var s settingFlags
	var all, asJSON bool
	c := &cobra.Command{
		Use:   "config",
		Short: "Show the settings in force and where each comes from",
		Example: `  weir config --all
  weir config --set log.retention.hours=1`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			values, err := s.load()
			if err != nil {
				return err
			}
			return printSettings(c, values, all, asJSON)
		},
	}
	s.bind(c)
	f := c.Flags()
	f.BoolVarP(&all, "all", "a", false, "those that have no effect here, too")
	f.BoolVar(&asJSON, "json", false, "one JSON object a line")
	return c
}

// setting is one setting as printed with --json.
type setting struct {
	Name   string  `json:"name"`
	Value  *string `json:"value"` // null for none
	Origin string  `json:"origin"`
	Doc    string  `json:"doc"`
}

func printSettings(c *cobra.Command, values *config.Values, all, asJSON bool) error {
	table := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
	lines := json.NewEncoder(c.OutOrStdout())
	if !asJSON {
		fmt.Fprintln(table, "NAME\tVALUE\tFROM")
	}
	for _, l := range values.Lines() {
		given := l.Origin != "default"
		if l.Def.Ignored && !all && !given {
			continue
		}
		if asJSON {
			s := setting{Name: l.Def.Name, Origin: l.Origin, Doc: l.Def.Doc}
			if !l.Null {
				s.Value = &l.Value
			}
			if err := lines.Encode(s); err != nil {
				return fmt.Errorf("print settings: %w", err)
			}
			continue
		}
		value := l.Value
		if l.Null {
			value = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", l.Def.Name, value, l.Origin)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	return nil
}
