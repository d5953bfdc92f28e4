package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Listener is one item of listeners or advertised.listeners.
type Listener struct {
	Name string // upper case
	Host string // "" is every interface
	Port int32
}

// Address is the listener in the form net.Listen takes.
func (l Listener) Address() string { return net.JoinHostPort(l.Host, strconv.Itoa(int(l.Port))) }

// ParseListeners reads a list of NAME://host:port. Names must differ.
func ParseListeners(text string) ([]Listener, error) {
	var all []Listener
	for _, item := range splitList(strings.TrimSpace(text)) {
		name, address, ok := strings.Cut(item, "://")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME://host:port", item)
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("%q is not NAME://host:port: %w", item, err)
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%q has no port between 0 and 65535", item)
		}
		l := Listener{Name: strings.ToUpper(name), Host: host, Port: int32(n)}
		for _, other := range all {
			if other.Name == l.Name {
				return nil, fmt.Errorf("listener name %s appears twice", l.Name)
			}
		}
		all = append(all, l)
	}
	return all, nil
}
