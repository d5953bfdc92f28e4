package broker

import (
	"net"

	"weir/config"
	"weir/metadata"
	"weir/server"
)

// endpoints says where clients reach this broker. What advertised.listeners names is told as it stands. A
// listener that it does not name is advertised under the host it listens on (localhost stays localhost). On a
// wildcard host the endpoint's Host stays empty, and each client is told the very address that it connected
// to (handlers.EndpointFor): right on every interface of a host and between containers of a network. Behind a
// mapped port or a name that only the client knows (a container's port published on its host),
// advertised.listeners must say so, as with Kafka.
func endpoints(listeners []server.Listener, advertised []config.Listener, bound func(name string) net.Addr,
) []metadata.Endpoint {
	told := make(map[string]config.Listener)
	for _, a := range advertised {
		told[a.Name] = a
	}
	var out []metadata.Endpoint
	for _, l := range listeners {
		e := metadata.Endpoint{Listener: l.Name, Host: l.Host, Port: portOf(bound(l.Name))}
		if ip := net.ParseIP(l.Host); ip != nil && ip.IsUnspecified() {
			e.Host = ""
		}
		if a, ok := told[l.Name]; ok {
			e.Host = a.Host
			if a.Port != 0 {
				e.Port = a.Port
			}
		}
		out = append(out, e)
	}
	return out
}

func portOf(a net.Addr) int32 {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return int32(tcp.Port)
	}
	return 0
}
