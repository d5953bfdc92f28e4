package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// LoadOptions says where settings come from, weakest first: defaults, File, KAFKA_ variables, WEIR_
// variables, Flags.
type LoadOptions struct {
	File  string            // path of a .properties file, "" for none
	Env   []string          // NAME=value, as os.Environ gives them
	Flags map[string]string // setting to value
}

// layer is one source of settings and, for each, where exactly it stands.
type layer struct {
	values map[string]string
	origin map[string]string
}

// Load reads all sources and checks every value. It reports all mistakes at once.
func Load(o LoadOptions) (*Values, error) {
	layers, err := readLayers(o)
	if err != nil {
		return nil, err
	}
	v := viper.NewWithOptions(viper.KeyDelimiter("::")) // Kafka has both broker.id and broker.id.x.y
	for _, d := range brokerDefs.defs {
		if !d.Null {
			v.SetDefault(d.Name, d.Default)
		}
	}
	origins := make(map[string]string)
	var bad []string
	for _, l := range layers {
		bad = append(bad, l.unknown()...)
		known := make(map[string]any)
		for name, text := range l.values {
			if brokerDefs.byName[name] != nil {
				known[name] = text
				origins[name] = l.origin[name]
			}
		}
		if err := v.MergeConfigMap(known); err != nil {
			return nil, fmt.Errorf("merge settings: %w", err)
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, strings.Join(bad, "; "))
	}
	return newValues(v.GetString, origins)
}

// unknown names each setting of the layer that does not exist, with the nearest that does.
func (l layer) unknown() []string {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(l.values)) {
		if brokerDefs.byName[name] == nil {
			bad = append(bad, fmt.Sprintf("%s (%s): did you mean %s?", name, l.origin[name], Nearest(name)))
		}
	}
	return bad
}

func readLayers(o LoadOptions) ([]layer, error) {
	file, err := fileLayer(o.File)
	if err != nil {
		return nil, err
	}
	image := envLayer(o.Env, func(variable string) (string, bool) {
		if variable == "CLUSTER_ID" { // as Apache's image
			return "weir.cluster.id", true
		}
		return kafkaVariable(variable)
	})
	own := envLayer(o.Env, ownVariable)
	flags := layer{values: o.Flags, origin: make(map[string]string)}
	for name := range o.Flags {
		flags.origin[name] = "--set " + name
	}
	return []layer{file, image, own, flags}, nil
}

func fileLayer(path string) (layer, error) {
	l := layer{origin: make(map[string]string)}
	if path == "" {
		return l, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return l, fmt.Errorf("read settings: %w", err)
	}
	l.values, err = ParseProperties(string(text))
	if err != nil {
		return l, fmt.Errorf("read settings %s: %w", path, err)
	}
	for name := range l.values {
		l.origin[name] = path
	}
	return l, nil
}

func envLayer(env []string, name func(variable string) (string, bool)) layer {
	l := layer{values: make(map[string]string), origin: make(map[string]string)}
	for _, pair := range env {
		variable, text, _ := strings.Cut(pair, "=")
		if setting, ok := name(variable); ok {
			l.values[setting] = text
			l.origin[setting] = variable
		}
	}
	return l
}
